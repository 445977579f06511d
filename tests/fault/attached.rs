//! What users attach to a table by hand, when the table is replaced.

use crate::project::Project;

const ATTACH: &str = "alter table t enable row level security; \
    create policy tenants on t using (tenant = current_user); \
    create function audit() returns trigger language plpgsql as 'begin return new; end'; \
    create trigger audit before insert on t for each row execute function audit(); \
    create publication live for table t; \
    create statistics \"T stats\" on tenant, id from t; \
    alter table t replica identity full; \
    alter table t set (fillfactor = 70); \
    create rule quiet as on delete to t do also nothing";

fn project(config: &str) -> Project {
    let project = Project::new().file(
        "models/t.sql",
        &format!(
            "{{{{ config(materialized='table'{config}) }}}}\nselect 1 as id, 'x'::text as tenant"
        ),
    );
    project.ok("build");
    project
}

fn whole(project: &Project) -> String {
    project.value(
        "select concat(relrowsecurity, relreplident, reloptions, \
         (select count(*) from pg_policy where polrelid = c.oid), \
         (select count(*) from pg_trigger where tgrelid = c.oid), \
         (select count(*) from pg_rewrite where ev_class = c.oid), \
         (select count(*) from pg_publication_rel where prrelid = c.oid), \
         (select count(*) from pg_statistic_ext where stxrelid = c.oid)) \
         from pg_class c where oid = 't'::regclass",
    )
}

#[test]
fn it_is_told_what_is_lost_and_nothing_is_where_warnings_are_errors() {
    let project = project("");
    project.connect().query(ATTACH).unwrap();
    let before = whole(&project);
    assert_eq!(before, "tf{fillfactor=70}11111");
    assert_eq!(project.run("--warn-error build").code, 1);
    assert_eq!(whole(&project), before);
    let said = project.ok("build");
    let told = "Replacing public.t drops what was attached to it and not made again: \
                policy tenants, publication live, replica identity, row level security, \
                rule quiet, statistics \"T stats\", storage parameter fillfactor=70, trigger audit";
    assert!(said.stdout.contains(told), "{}", said.stdout);
    assert_eq!(whole(&project), "fd00000");
    assert!(!project.ok("build").stdout.contains("attached"));
}

#[test]
fn what_hooks_attach_again_is_not_lost() {
    let project = project(
        ", post_hook=['alter table {{ this }} enable row level security', \
         'create policy tenants on {{ this }} using (tenant = current_user)']",
    );
    project.query("create statistics kept on tenant, id from t; select 1");
    let said = project.ok("build");
    let told = "not made again: statistics kept";
    assert!(said.stdout.contains(told), "{}", said.stdout);
    assert!(!project.ok("build").stdout.contains("attached"));
    assert!(whole(&project).starts_with("td1"));
}
