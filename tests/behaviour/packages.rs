//! `deps`.

use crate::hub::{Hub, archive};
use crate::project::{Project, Said};
use std::process::Command;

fn deps(project: &Project, hub: &Hub, options: &str) -> Said {
    let mut command = project.command(&format!("deps {options}"));
    command.env("DBT_PACKAGE_HUB_URL", &hub.url).output().unwrap().into()
}

fn nothing() -> Hub {
    Hub::serve(&[])
}

/// A git repository with a project `from_git` in its folder `inner`, tagged `v1`.
fn repository(project: &Project) -> String {
    let folder = project.folder().join("repository");
    project.write("repository/inner/dbt_project.yml", "name: from_git\nversion: '1.0'\n");
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"];
        let done = Command::new("git").args(identity).args(words).current_dir(&folder).output();
        assert!(done.unwrap().status.success(), "{words:?}");
    };
    git(&["init", "-q", "-b", "main", "."]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["tag", "v1"]);
    format!("file://{}", folder.display())
}

#[test]
fn packages_come_from_everywhere_and_are_locked() {
    let hub = Hub::with_versions(&["1.0.0", "1.1.0", "1.2.0-rc1", "2.0.0"]);
    let project = Project::offline().file("near/dbt_project.yml", "name: near\nversion: '1.0'\n");
    let url = repository(&project);
    project.write(
        "packages.yml",
        &format!(
            "packages:\n  - local: near\n  - git: \"{url}\"\n    subdirectory: inner\n    revision: v1\n  \
             - package: acme/utils\n    version: ['>=1.0.0', '<2.0.0']\n"
        ),
    );
    let said = deps(&project, &hub, "");
    assert_eq!(said.code, 0, "{}", said.stdout);
    let text = said.text();
    for line in ["Installing near", "and subdirectory inner", "Installed from version 1.1.0"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("Updated version available: 2.0.0"), "{text}");
    let lock = project.read("package-lock.yml");
    assert!(lock.starts_with("packages:\n  - local: near\n    name: near\n  - git: "), "{lock}");
    assert!(lock.contains("    package: acme/utils\n    version: 1.1.0\n"), "{lock}");
    // Without a profile the project cannot be listed; with one the packages are there.
    for package in ["near", "from_git", "utils"] {
        project.read(&format!("dbt_packages/{package}/dbt_project.yml"));
    }
    // The lock holds until what is asked for changes, or --upgrade.
    let text = deps(&project, &hub, "").text();
    assert!(!text.contains("Updating lock file") && text.contains("Installed from version 1.1.0"));
    assert!(deps(&project, &hub, "--upgrade --lock").text().contains("Updating lock file"));
}

#[test]
fn a_package_is_added_in_place_of_its_older_entry() {
    let hub = Hub::with_versions(&["1.0.0", "1.1.0"]);
    let project = Project::offline();
    assert_eq!(deps(&project, &hub, "--add-package acme/utils@1.0.0").code, 0);
    let said = deps(&project, &hub, "--add-package acme/utils@1.1.0 --lock");
    assert!(said.text().contains("Found duplicate package in packages.yml"), "{}", said.stdout);
    assert_eq!(
        project.read("packages.yml"),
        "packages:\n  - package: acme/utils\n    version: 1.1.0\n"
    );
    let said = deps(&project, &hub, "--add-package acme/utils");
    assert_eq!(said.code, 2);
    assert!(said.stdout.contains("Version is required in --add-package"), "{}", said.stdout);
}

#[test]
fn what_cannot_be_installed_says_why() {
    let hub = Hub::with_versions(&["1.0.0"]);
    let project = Project::offline().file("near/dbt_project.yml", "name: shop\nversion: '1.0'\n");
    let refused = |packages: &str, reason: &str| {
        project.write("packages.yml", packages);
        let said = deps(&project, &hub, "");
        assert_eq!(said.code, 2, "{}", said.stdout);
        assert!(said.stdout.contains(reason), "{packages}: {}", said.stdout);
    };
    refused("packages: [{package: acme/nothing, version: 1.0.0}]", "was not found in the package");
    refused(
        "packages: [{package: acme/utils, version: '>=2.0.0'}]",
        "Could not find a matching compatible version for package acme/utils",
    );
    refused(
        "packages: [{package: acme/utils, version: ['>1.0.0', '<0.5.0']}]",
        "Could not find a satisfactory version from options: ['>1.0.0', '<0.5.0']",
    );
    refused("packages: [{local: near}]", "same name as the root project \"shop\"");
    refused("packages: [{local: away}]", "No dbt_project.yml found at expected path");
    refused("packages: [{git: ''}]", "A git package is missing the value");
    refused("packages: [{git: '--upload-pack=touch x'}]", "is not a valid git URL");
    refused("packages: [{git: 'ext::sh -c touch% x'}]", "Error checking out");
    refused("packages: [{git: 'file:///nowhere', revision: '--x'}]", "is not a valid git revision");
    refused("packages: [{private: o/r}]", "Cannot resolve private package o/r");
    assert!(!project.folder().join("x").exists());
}

#[test]
fn an_archive_cannot_write_outside_of_its_folder() {
    let project = Project::offline();
    let good = ("pkg/dbt_project.yml", "name: pkg\nversion: '1.0'\n");
    for hostile in ["../evil.txt", "pkg/../../../evil.txt", "/tmp/gdbt-evil.txt"] {
        let hub = Hub::serve(&[("a.tar.gz", archive(&[good, (hostile, "x")]))]);
        let packages = format!("packages: [{{tarball: '{}a.tar.gz', name: pkg}}]", hub.url);
        project.write("packages.yml", &packages);
        let said = deps(&project, &hub, "");
        assert_eq!(said.code, 2, "{hostile}: {}", said.stdout);
        assert!(said.stdout.contains("Incorrect structure"), "{}", said.stdout);
    }
    // A name that leads elsewhere is refused, too.
    let hub = Hub::serve(&[("a.tar.gz", archive(&[good]))]);
    let packages = format!("packages: [{{tarball: '{}a.tar.gz', name: ../evil}}]", hub.url);
    project.write("packages.yml", &packages);
    let said = deps(&project, &hub, "");
    assert!(said.stdout.contains("resolves outside of the packages-install-path"));
    assert!(!project.folder().join("evil").exists());
}

#[test]
fn a_project_without_packages_says_so() {
    let said = deps(&Project::offline(), &nothing(), "");
    assert_eq!(said.code, 0);
    assert!(said.stdout.contains("Warning: No packages were found in packages.yml"));
}

#[test]
fn a_package_replaces_built_in_materializations_only_if_it_may() {
    let project = Project::new()
        .file("packages.yml", "packages:\n  - local: near\n")
        .file("near/dbt_project.yml", "name: near\nversion: '1.0'\n")
        .file(
            "near/macros/view.sql",
            "{% materialization view, adapter='postgres' %}\n{{ exceptions.raise_compiler_error('theirs') }}\n\
             {% endmaterialization %}",
        )
        .file("models/one.sql", "select 1 as id");
    project.ok("deps");
    project.ok("run");
    let allowed =
        "flags:\n  require_explicit_package_overrides_for_builtin_materializations: false\n";
    let root = project.read("dbt_project.yml");
    project.write("dbt_project.yml", &format!("{root}{allowed}"));
    let said = project.run("run");
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("theirs"), "{}", said.stdout);
    // The project itself may always.
    project.write("dbt_project.yml", &root);
    project.write(
        "macros/view.sql",
        "{% materialization view, adapter='postgres' %}\n{{ exceptions.raise_compiler_error('ours') }}\n\
         {% endmaterialization %}",
    );
    assert!(project.run("run").stdout.contains("ours"));
}
