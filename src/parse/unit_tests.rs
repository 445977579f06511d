//! Unit tests: their rows, their fixtures, and the models they test.

use super::config::ConfigKind;
use super::fixtures::{self, Fixtures};
use super::layers::{OwnConfig, Subject};
use super::properties::{FixtureProperties, UnitTestProperties};
use super::property_file::{Entry, PropertyFile, Step};
use super::static_reference::{self, StaticReference};
use super::{Parse, all, checks};
use crate::context::json::from_json;
use crate::context::{Found, References};
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::manifest::{
    DependsOn, Disabled, Fixture, FixtureFormat, GivenInput, JsonMap, Manifest, Node, NodeKind,
    Overrides, RefArgs, ResourceType, UniqueId, UnitTest, UnitTestVersions, version_text,
};
use crate::project::Checksum;
use serde_json::Value as Json;
use std::sync::Arc;

/// A unit test whose model is not looked up yet.
pub(super) struct PlacedUnitTest {
    test: UnitTest,
    span: Span,
}

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::UnitTestInvalid, message)
}

impl Parse<'_> {
    /// The unit tests of all property files.
    pub(super) fn unit_tests(
        &self,
        fixtures: &Fixtures<'_>,
    ) -> Result<Vec<PlacedUnitTest>, Vec<Diagnostic>> {
        let entries = self.properties.iter().flat_map(|file| {
            file.unit_tests.iter().map(move |entry| self.unit_test(file, entry, fixtures))
        });
        all(entries)
    }

    fn unit_test(
        &self,
        file: &PropertyFile,
        entry: &Entry<UnitTestProperties>,
        fixtures: &Fixtures<'_>,
    ) -> Result<PlacedUnitTest> {
        let given = &entry.value;
        let is_given = |list: &Option<Vec<Json>>| list.as_ref().is_some_and(|it| !it.is_empty());
        if given.versions.as_ref().is_some_and(|it| is_given(&it.include) && is_given(&it.exclude))
        {
            let message = format!(
                "Invalid unit_tests config given in {} @ unit_tests: '{}' - Unit tests can not both \
                 include and exclude versions.",
                file.path, given.name
            );
            let span = entry.span_of(&[Step::Key("versions")]);
            return Err(Diagnostic::new(Code::PropertyInvalid, message).with_span(span));
        }
        let fqn = fqn(file, given);
        let subject = Subject { package: &file.package, fqn: &fqn, kind: ConfigKind::UnitTest };
        let own = OwnConfig { properties: Some(&given.config), calls: &JsonMap::new() };
        let config = self
            .parser
            .layers
            .config(subject, own)
            .map_err(|error| error.with_span(entry.span_of(&[Step::Key("config")])))?;
        let rows = Rows { test: &given.name, file, fixtures };
        let inputs: Vec<Result<GivenInput>> = given
            .given
            .iter()
            .enumerate()
            .map(|(index, input)| {
                let fixture = rows.read(&input.fixture, "input", Some(&input.input));
                let span = || entry.span_of(&[Step::Key("given"), Step::Index(index)]);
                let fixture = fixture.map_err(|error| error.with_span(span()))?;
                Ok(GivenInput { input: input.input.clone(), fixture })
            })
            .collect();
        let expect = rows.read(&given.expect, "expected", None);
        let expect =
            expect.map_err(|error| error.with_span(entry.span_of(&[Step::Key("expect")])))?;
        let tags = texts(config.get("tags"));
        let name = format!("{}.{}", given.model, given.name);
        let mut test = UnitTest {
            model: given.model.clone(),
            given: inputs.into_iter().collect::<Result<_>>()?,
            expect,
            name: given.name.as_str().into(),
            resource_type: ResourceType::UnitTest,
            package_name: Arc::clone(&file.package),
            path: Arc::clone(&file.relative_path),
            original_file_path: Arc::clone(&file.path),
            unique_id: UniqueId::new(ResourceType::UnitTest, &file.package, &name),
            fqn,
            description: given.description.clone(),
            overrides: given.overrides.clone(),
            depends_on: DependsOn::default(),
            config,
            checksum: None,
            schema: None,
            created_at: self.parser.created_at,
            versions: given.versions.clone(),
            version: None,
            tags,
        };
        test.checksum = Some(Checksum::of_exact(&checksum_text(&test)).text().to_owned());
        Ok(PlacedUnitTest { test, span: entry.span() })
    }

    /// Finds the tested models, and makes one test for each tested version.
    pub(super) fn place_unit_tests(
        &self,
        manifest: &mut Manifest,
        tests: Vec<PlacedUnitTest>,
    ) -> Result<(), Vec<Diagnostic>> {
        let references = self.parser.shared.references(manifest);
        let mut errors = Vec::new();
        for PlacedUnitTest { test, span } in tests {
            let placed = place(manifest, &references, test);
            for test in placed.unwrap_or_else(|error| {
                errors.push(*error.with_span(span.clone()));
                Vec::new()
            }) {
                if !test.config.enabled() {
                    manifest.disabled_others.push(Disabled::UnitTest(Arc::new(test)));
                } else if let Some(first) = manifest.unit_tests.get(&test.unique_id) {
                    let error = checks::duplicate_resource(
                        ResourceType::UnitTest.plural(),
                        &test.name,
                        (first.unique_id.as_str(), &first.original_file_path),
                        (test.unique_id.as_str(), &test.original_file_path),
                    );
                    errors.push(*error.with_span(span.clone()));
                } else {
                    manifest.unit_tests.insert(test.unique_id.clone(), Arc::new(test));
                }
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// Package, the folders below the resource path, model, name.
fn fqn(file: &PropertyFile, given: &UnitTestProperties) -> Vec<String> {
    let below_top = file.path.split_once('/').map_or(&*file.path, |(_, rest)| rest);
    let mut fqn = super::sql_file::fqn(&file.package, below_top, &given.model);
    fqn.push(given.name.clone());
    fqn
}

fn texts(list: Option<&Json>) -> Vec<String> {
    let list = list.and_then(Json::as_array).into_iter().flatten();
    list.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// Reads the rows of one test.
struct Rows<'a> {
    test: &'a str,
    file: &'a PropertyFile,
    fixtures: &'a Fixtures<'a>,
}

impl Rows<'_> {
    fn read(&self, given: &FixtureProperties, kind: &str, input: Option<&str>) -> Result<Fixture> {
        let test = self.test;
        let format = given.format;
        let text = given.rows.as_ref().and_then(Json::as_str);
        let rows = match format {
            FixtureFormat::Dict => {
                let rows = match (&given.rows, &given.fixture, input) {
                    (None, None, Some(input)) => self.seed_rows(input)?,
                    (rows, ..) => rows.clone().unwrap_or_default(),
                };
                let Json::Array(rows) = rows else {
                    let message =
                        format!("Unit test {test} has {kind} rows which do not match format dict");
                    return Err(invalid(message));
                };
                if let Some(row) = rows.iter().find(|row| !row.is_object()) {
                    let message =
                        format!("Unit test {test} has a row of {kind} rows that is no dict: {row}");
                    return Err(invalid(message));
                }
                Json::Array(full_row_first(rows))
            }
            FixtureFormat::Csv => {
                let rows = match (&given.fixture, text) {
                    (Some(fixture), _) => fixtures::csv_rows(&self.fixture(fixture)?.contents)?,
                    (None, Some(text)) => fixtures::csv_rows(text)?,
                    (None, None) => return Err(self.not_text(kind, "csv")),
                };
                Json::Array(full_row_first(rows.into_iter().map(empty_as_null).collect()))
            }
            FixtureFormat::Sql => match (&given.fixture, text) {
                (Some(fixture), _) => {
                    let contents = &self.fixture(fixture)?.contents;
                    Json::from(crate::project::files::strip(contents))
                }
                (None, Some(text)) => Json::from(text),
                (None, None) => return Err(self.not_text(kind, "sql")),
            },
        };
        Ok(Fixture { rows, format, fixture: given.fixture.clone() })
    }

    fn not_text(&self, kind: &str, format: &str) -> Box<Diagnostic> {
        invalid(format!(
            "Unit test {} has {kind} rows or fixtures which do not match format {format}.  \
             Expected string.",
            self.test
        ))
    }

    fn fixture(&self, name: &str) -> Result<&crate::project::SourceFile> {
        self.fixtures.find(&self.file.package, name).ok_or_else(|| {
            let message =
                format!("File not found for fixture '{name}' in unit tests in {}", self.file.path);
            match self.fixtures.nearest(&self.file.package, name) {
                Some(near) => invalid(message).with_help(format!("Did you mean '{near}'?")),
                None => invalid(message),
            }
        })
    }

    /// An input without rows has those of the seed it names.
    fn seed_rows(&self, input: &str) -> Result<Json> {
        let Some(StaticReference::Ref(args)) = static_reference::parse(input) else {
            let message = format!("Unit test {} has no rows for its input {input}", self.test);
            return Err(invalid(message));
        };
        let own = &self.file.package;
        let package = args.package.as_deref().unwrap_or(own);
        let Some(seed) = self.fixtures.seed(package, &args.name) else {
            let name = format!("{package}.{}", args.name);
            return Err(invalid(if package == &**own {
                format!(
                    "Unable to find seed '{name}' for unit tests in directories: {}",
                    from_json(&self.fixtures.seed_paths(own)).repr()
                )
            } else {
                format!("Unable to find seed '{name}' for unit tests in '{package}' package")
            }));
        };
        let NodeKind::Seed { root_path } = &seed.kind else { return Ok(Json::Null) };
        let path = root_path.join(&*seed.original_file_path);
        let text = std::fs::read_to_string(&path).map_err(|error| Diagnostic::io(&path, &error))?;
        fixtures::csv_rows(&text).map(Json::Array)
    }
}

/// Empty fields of CSV are nulls.
fn empty_as_null(row: Json) -> Json {
    let Json::Object(row) = row else { return row };
    let null = |value: Json| if value.as_str() == Some("") { Json::Null } else { value };
    row.into_iter().map(|(key, value)| (key, null(value))).collect()
}

/// The first row without nulls changes places with the first row: column types are those of
/// the first row.
fn full_row_first(mut rows: Vec<Json>) -> Vec<Json> {
    let is_full =
        |row: &Json| row.as_object().is_some_and(|row| row.values().all(|value| !value.is_null()));
    if let Some(full) = rows.iter().position(is_full) {
        rows.swap(0, full);
    }
    rows
}

/// What dbt hashes: the parts as Python shows them.
fn checksum_text(test: &UnitTest) -> String {
    let given: Vec<String> = test
        .given
        .iter()
        .map(|input| {
            let name = from_json(&Json::from(input.input.as_str())).repr();
            format!("UnitTestInputFixture(input={name}, {})", fixture_text(&input.fixture))
        })
        .collect();
    let repr = |map: &JsonMap| from_json(&Json::Object(map.clone())).repr();
    let overrides = test.overrides.as_ref().map_or("None".to_owned(), |it: &Overrides| {
        let (macros, vars, env) = (repr(&it.macros), repr(&it.vars), repr(&it.env_vars));
        format!("UnitTestOverrides(macros={macros}, vars={vars}, env_vars={env})")
    });
    let list = |list: &Option<Vec<Json>>| from_json(&Json::from(list.clone())).repr();
    let versions = test.versions.as_ref().map_or("None".to_owned(), |it: &UnitTestVersions| {
        let (include, exclude) = (list(&it.include), list(&it.exclude));
        format!("UnitTestNodeVersions(include={include}, exclude={exclude})")
    });
    let expect = fixture_text(&test.expect);
    let mut text = format!(
        "{}-{versions}-[{}]-UnitTestOutputFixture({expect})-{overrides}",
        test.model,
        given.join(", ")
    );
    for input in test.given.iter().filter(|input| input.fixture.fixture.is_some()) {
        text.push('-');
        text.push_str(&from_json(&input.fixture.rows).to_string());
    }
    text
}

fn fixture_text(fixture: &Fixture) -> String {
    let format = match fixture.format {
        FixtureFormat::Dict => "<UnitTestFormat.Dict: 'dict'>",
        FixtureFormat::Csv => "<UnitTestFormat.CSV: 'csv'>",
        FixtureFormat::Sql => "<UnitTestFormat.SQL: 'sql'>",
    };
    let name = from_json(&Json::from(fixture.fixture.clone())).repr();
    format!("rows={}, format={format}, fixture={name}", from_json(&fixture.rows).repr())
}

/// The test for each tested version of its model; a test of a disabled model is disabled.
fn place(
    manifest: &Manifest,
    references: &References,
    mut test: UnitTest,
) -> Result<Vec<UnitTest>> {
    if !test.config.enabled() {
        return Ok(vec![test]);
    }
    let mut words = test.model.split_whitespace();
    let args = RefArgs {
        name: words.next().unwrap_or_default().to_owned(),
        package: Some(test.package_name.to_string()),
        version: words.next().map(Json::from),
    };
    let model = match references.resolve_ref(&args, &test.package_name) {
        Found::Enabled(id) => manifest.nodes.get(&id).cloned(),
        Found::Disabled(_) => {
            test.config.disable();
            return Ok(vec![test]);
        }
        Found::Missing | Found::Ambiguous(_) => None,
    };
    let Some(model) = model.filter(|node| node.resource_type() == ResourceType::Model) else {
        return Err(invalid(format!(
            "Unable to find model '{}.{}' for unit test '{}' in {}",
            test.package_name, test.model, test.name, test.original_file_path
        )));
    };
    test.depends_on.nodes = vec![model.unique_id.clone()];
    test.schema = Some(model.relation.schema.to_string());
    check_incremental(&test, &model)?;
    by_version(manifest, test, &model)
}

/// A test of an incremental model says whether it runs incrementally.
fn check_incremental(test: &UnitTest, model: &Node) -> Result<()> {
    let calls = |id: &UniqueId| id.as_str() == "macro.dbt.is_incremental";
    if !model.depends_on.macros.iter().any(calls) {
        return Ok(());
    }
    let given = test.overrides.as_ref().and_then(|it| it.macros.get("is_incremental"));
    let Some(is_incremental) = given.and_then(Json::as_bool) else {
        return Err(invalid(format!(
            "Boolean override for 'is_incremental' must be provided for unit test '{}' in model \
             '{}'",
            test.name, model.name
        )));
    };
    if is_incremental && test.given.iter().all(|input| input.input != "this") {
        return Err(invalid(format!(
            "Unit test '{}' for incremental model '{}' must have a 'this' input",
            test.name, model.name
        )));
    }
    Ok(())
}

fn by_version(manifest: &Manifest, test: UnitTest, model: &Node) -> Result<Vec<UnitTest>> {
    let wanted = test.versions.as_ref();
    let include = wanted.and_then(|it| it.include.as_ref()).filter(|list| !list.is_empty());
    let exclude = wanted.and_then(|it| it.exclude.as_ref()).filter(|list| !list.is_empty());
    if model.version().is_none() {
        if include.is_none() && exclude.is_none() {
            return Ok(vec![test]);
        }
        return Err(invalid(format!(
            "Unit test '{}' should not have a versions include or exclude when referencing \
             non-versioned model '{}'",
            test.name, model.name
        )));
    }
    let has = |list: &Vec<Json>, version: &Json| list.contains(version);
    let is_tested = |version: &Json| match (wanted, exclude, include) {
        (None, ..) => true,
        (_, Some(exclude), _) => !has(exclude, version),
        (_, None, Some(include)) => has(include, version),
        (_, None, None) => false,
    };
    let versions: Vec<UnitTest> = manifest
        .nodes
        .values()
        .filter(|node| node.name == model.name && node.package_name == model.package_name)
        .filter_map(|node| Some((node, node.version()?)))
        .filter(|(_, version)| is_tested(version))
        .map(|(node, version)| {
            let name = format!("{}.{}_v{}", test.model, test.name, version_text(version));
            let mut versioned = test.clone();
            versioned.unique_id = UniqueId::new(ResourceType::UnitTest, &test.package_name, &name);
            versioned.depends_on.nodes = vec![node.unique_id.clone()];
            versioned.version = Some(version.clone());
            versioned
        })
        .collect();
    if versions.is_empty() {
        return Err(invalid(format!(
            "Unit test '{}' referenced a version of '{}' which was not found.",
            test.name, model.name
        )));
    }
    Ok(versions)
}
