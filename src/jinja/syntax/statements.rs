//! Tags: one function each, named as the tag.

use std::sync::Arc;

use super::Parsed;
use super::parser::{Ends, Parser};
use super::token::{Kind, Token};
use crate::jinja::ir::{
    CallBlock, Expr, FilterBlock, For, Function, If, MacroStmt, Name, Parameter, Place, SetBlock,
    Stmt, Target, With,
};
use crate::jinja::value::Value;

impl Parser<'_> {
    /// A statement from its word up to the mark that closes its last tag.
    pub(super) fn statement(&mut self) -> Parsed<Stmt> {
        if self.current.kind != Kind::Name {
            return self.fail("tag name expected");
        }
        let word = self.word(self.current);
        let read = match word {
            "for" => Self::for_tag,
            "if" => Self::if_tag,
            "set" => Self::set_tag,
            "do" => Self::do_tag,
            "macro" => Self::macro_tag,
            "call" => Self::call_tag,
            "filter" => Self::filter_tag,
            "with" => Self::with_tag,
            "print" => Self::print_tag,
            "test" | "data_test" => Self::test_tag,
            "materialization" => Self::materialization_tag,
            "docs" => Self::docs_tag,
            "block" => Self::block_tag,
            "include" | "extends" => Self::include_tag,
            "import" => Self::import_tag,
            "from" => Self::import_names_tag,
            "break" | "continue" => return self.loop_control(),
            "autoescape" => {
                return self.fail("the tag 'autoescape' is not supported: SQL is never escaped");
            }
            _ => return self.fail_tag(Some(word)),
        };
        self.tags.push(word);
        let tag = self.advance()?;
        let stmt = read(self, tag)?;
        self.tags.pop();
        Ok(stmt)
    }

    fn set_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let target = self.target(&[], true)?;
        if self.skip(Kind::Assign)? {
            let value = self.tuple()?;
            return Ok(Stmt::Set(self.tag_pos(tag), target, value));
        }
        let mut filter = None;
        while self.skip(Kind::Pipe)? {
            filter = Some(self.filter(filter)?);
        }
        let pos = self.tag_pos(tag);
        let body = self.inner_statements(&["endset"])?;
        Ok(Stmt::SetBlock(Box::new(SetBlock { pos, target, filter, entry: Box::default(), body })))
    }

    fn do_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let expr = self.tuple()?;
        Ok(Stmt::Do(self.tag_pos(tag), expr))
    }

    fn if_tag(&mut self, _: Token) -> Parsed<Stmt> {
        let outer = std::mem::replace(&mut self.in_branch, true);
        let mut branches = Vec::new();
        let otherwise = loop {
            let test = self.tuple_until(&[], false, false)?;
            branches.push((test, self.statements(&["elif", "else", "endif"])?));
            let word = self.advance()?;
            match self.word(word) {
                "elif" => {}
                "else" => {
                    let body = self.statements(&["endif"])?;
                    self.advance()?;
                    break body;
                }
                _ => break Box::default(),
            }
        };
        self.in_branch = outer;
        Ok(Stmt::If(Box::new(If { branches: branches.into(), otherwise })))
    }

    fn for_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        self.loops += 1;
        let target = self.target(&["in"], false)?;
        self.expect_word("in")?;
        let iter = self.tuple_until(&["recursive"], false, false)?;
        let in_branch = std::mem::replace(&mut self.in_branch, false);
        let test = if self.skip_word("if")? { Some(self.expression()?) } else { None };
        let recursive = self.skip_word("recursive")?;
        let pos = self.tag_pos(tag);
        let in_loop = std::mem::replace(&mut self.in_loop, true);
        let body = self.statements(&["endfor", "else"])?;
        self.in_loop = in_loop;
        let word = self.advance()?;
        let otherwise = if self.word(word) == "else" {
            let body = self.statements(&["endfor"])?;
            self.advance()?;
            body
        } else {
            Box::default()
        };
        self.loops -= 1;
        self.in_branch = in_branch;
        Ok(Stmt::For(Arc::new(For {
            pos,
            target,
            iter,
            test,
            recursive,
            loop_slot: None,
            entry: Box::default(),
            slots: 0..0,
            body,
            else_entry: Box::default(),
            otherwise,
        })))
    }

    fn loop_control(&mut self) -> Parsed<Stmt> {
        let tag = self.advance()?;
        let (stmt, message) = match self.word(tag) {
            "break" => (Stmt::Break, "'break' outside loop"),
            _ => (Stmt::Continue, "'continue' not properly in loop"),
        };
        if !self.in_loop {
            self.fail_later(message, tag.range());
        }
        Ok(stmt)
    }

    fn with_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let mut assignments = Vec::new();
        while self.current.kind != Kind::BlockEnd {
            if !assignments.is_empty() {
                self.expect(Kind::Comma)?;
            }
            let loops = std::mem::take(&mut self.loops);
            let target = self.target(&[], false)?;
            self.loops = loops;
            self.expect(Kind::Assign)?;
            assignments.push((target, self.expression()?));
        }
        self.scope(tag, assignments, &["endwith"])
    }

    fn scope(&mut self, tag: Token, assignments: Vec<(Target, Expr)>, end: Ends) -> Parsed<Stmt> {
        let pos = self.tag_pos(tag);
        let body = self.inner_statements(end)?;
        let assignments = assignments.into();
        Ok(Stmt::With(Box::new(With { pos, assignments, entry: Box::default(), body })))
    }

    /// Nothing can extend a template of dbt's, so a block is only a scope.
    fn block_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let name = self.expect(Kind::Name)?;
        self.skip_word("scoped")?;
        self.skip_word("required")?;
        if self.current.kind == Kind::Sub {
            return self.fail(
                "Block names in Jinja have to be valid Python identifiers and may not contain \
                 hyphens, use an underscore instead.",
            );
        }
        let scope = self.scope(tag, Vec::new(), &["endblock"])?;
        self.skip_word(self.word(name))?;
        Ok(scope)
    }

    fn filter_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let mut filter = self.filter(None)?;
        while self.skip(Kind::Pipe)? {
            filter = self.filter(Some(filter))?;
        }
        let pos = self.tag_pos(tag);
        let body = self.inner_statements(&["endfilter"])?;
        Ok(Stmt::FilterBlock(Box::new(FilterBlock { pos, filter, entry: Box::default(), body })))
    }

    fn call_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let params =
            if self.current.kind == Kind::LeftParen { self.parameters()? } else { Box::default() };
        let call = self.expression()?;
        if !matches!(call, Expr::Call(_)) {
            return Err(("expected call".to_owned(), tag.range()));
        }
        let pos = self.tag_pos(tag);
        let function = Arc::new(self.function(Name::default(), params, tag, &["endcall"])?);
        Ok(Stmt::CallBlock(Box::new(CallBlock { pos, call, function })))
    }

    fn print_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let mut parts = Vec::new();
        while self.current.kind != Kind::BlockEnd {
            if !parts.is_empty() {
                self.expect(Kind::Comma)?;
            }
            let expr = self.expression()?;
            parts.push(Stmt::Emit(self.tag_pos(tag), expr));
        }
        Ok(Stmt::If(Box::new(If { branches: Box::default(), otherwise: parts.into() })))
    }

    /// dbt's parser renames the macros that a template defines, so that they cannot hide those
    /// of the project.
    fn macro_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let name = self.defined_name()?;
        let name = format!("dbt_macro__{name}");
        let params = self.parameters()?;
        self.definition(tag, name, params, &["endmacro"])
    }

    fn test_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let name = self.defined_name()?;
        let name = format!("dbt_macro__test_{name}");
        let params = self.parameters()?;
        let end: Ends = if self.word(tag) == "test" { &["endtest"] } else { &["enddata_test"] };
        self.definition(tag, name, params, end)
    }

    fn docs_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let name = self.defined_name()?;
        let name = format!("dbt_docs__{name}");
        self.definition(tag, name, Box::default(), &["enddocs"])
    }

    /// `{% materialization name, adapter='x', supported_languages=['sql'] %}`
    fn materialization_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        let name = self.defined_name()?;
        let mut adapter = "default".to_owned();
        let mut languages = Expr::List(Box::from([Expr::Const(Value::str("sql"))]));
        while self.skip(Kind::Comma)? {
            let argument = self.current;
            match self.defined_name()? {
                "default" => {}
                "adapter" => {
                    self.expect(Kind::Assign)?;
                    let start = self.current.start;
                    let Expr::Const(value) = self.expression()? else {
                        let message = "the adapter of a materialization must be a str";
                        return Err((message.to_owned(), self.range_from(start)));
                    };
                    adapter = value.to_string();
                }
                "supported_languages" => {
                    self.expect(Kind::Assign)?;
                    languages = self.expression()?;
                }
                word => {
                    let message =
                        format!("materialization '{name}' received unknown argument '{word}'.");
                    return Err((message, argument.range()));
                }
            }
        }
        let name = format!("dbt_macro__materialization_{name}_{adapter}");
        let params = Box::from([Parameter {
            name: self.name("supported_languages"),
            slot: 0,
            default: Some(languages),
        }]);
        self.definition(tag, name, params, &["endmaterialization"])
    }

    fn definition(
        &mut self,
        tag: Token,
        name: String,
        params: Box<[Parameter]>,
        end: Ends,
    ) -> Parsed<Stmt> {
        let pos = self.tag_pos(tag);
        let function: Function = self.function(name.into(), params, tag, end)?;
        let target = Target::Name(function.name.clone(), Place::Global);
        Ok(Stmt::Macro(Box::new(MacroStmt { pos, target, function: Arc::new(function) })))
    }

    /// dbt has no other templates to load: what is read here fails when it is reached.
    fn no_loader(&self, tag: Token) -> Stmt {
        Stmt::Fail(self.tag_pos(tag), "no loader for this environment specified")
    }

    fn include_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        self.expression()?;
        if self.word(tag) == "include" {
            if self.at_word("ignore") {
                let next = self.look()?;
                if self.is_word(next, "missing") {
                    self.advance()?;
                    self.advance()?;
                }
            }
            self.import_context()?;
        }
        Ok(self.no_loader(tag))
    }

    /// `with context` or `without context`
    fn import_context(&mut self) -> Parsed<bool> {
        if !self.at_word("with") && !self.at_word("without") {
            return Ok(false);
        }
        let next = self.look()?;
        let found = self.is_word(next, "context");
        if found {
            self.advance()?;
            self.advance()?;
        }
        Ok(found)
    }

    fn import_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        self.expression()?;
        self.expect_word("as")?;
        self.defined_name()?;
        self.import_context()?;
        Ok(self.no_loader(tag))
    }

    fn import_names_tag(&mut self, tag: Token) -> Parsed<Stmt> {
        self.expression()?;
        self.expect_word("import")?;
        let mut is_first = true;
        loop {
            if !is_first {
                self.expect(Kind::Comma)?;
            }
            if self.current.kind != Kind::Name {
                self.expect(Kind::Name)?;
            }
            if self.import_context()? {
                break;
            }
            let name = self.current;
            if self.defined_name()?.starts_with('_') {
                let message = "names starting with an underline can not be imported";
                return Err((message.to_owned(), name.range()));
            }
            if self.skip_word("as")? {
                self.defined_name()?;
            }
            is_first = false;
            if self.import_context()? || self.current.kind != Kind::Comma {
                break;
            }
        }
        Ok(self.no_loader(tag))
    }
}
