//! One table of the file, read key by key: what is asked for is checked, what was never asked for is unknown.
//! It knows TOML's types and our spellings of quantities, but no key by name.

use std::time::Duration;

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use super::{
    journal::{Journal, Located},
    values,
};

type Value<'a> = Spanned<DeValue<'a>>;

/// A string of the file.
pub type Text<'a> = Located<&'a str>;

/// A table that remembers which of its keys were asked for; an absent table has no keys.
pub struct Section<'a> {
    pub journal: &'a Journal,
    /// Where the table's header stands.
    pub at: usize,
    table: Option<&'a DeTable<'a>>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub fn root(journal: &'a Journal, table: &'a DeTable<'a>) -> Self {
        Self { journal, at: 0, table: Some(table), asked: Vec::new() }
    }

    pub fn string(&mut self, key: &'static str) -> Option<Text<'a>> {
        self.required(key).and_then(|value| self.text(value))
    }

    pub fn optional_string(&mut self, key: &'static str) -> Option<Text<'a>> {
        self.find(key).and_then(|value| self.text(value))
    }

    /// A list of strings; absent is empty.
    pub fn list(&mut self, key: &'static str) -> Vec<Text<'a>> {
        self.optional_list(key).unwrap_or_default()
    }

    pub fn optional_list(&mut self, key: &'static str) -> Option<Vec<Text<'a>>> {
        let value = self.find(key)?;
        let Some(array) = value.get_ref().as_array() else { return self.wrong(value, "a list of strings") };
        Some(array.iter().filter_map(|element| self.text(element)).collect())
    }

    /// A table of strings, sorted by key; absent is empty.
    pub fn map(&mut self, key: &'static str) -> Vec<(Text<'a>, Text<'a>)> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong::<()>(value, "a table of strings");
            return Vec::new();
        };
        table.iter().filter_map(|(key, value)| Some((located(key), self.text(value)?))).collect()
    }

    /// The section's own keys, each a list of strings.
    pub fn lists(&self) -> Vec<(Text<'a>, Vec<Text<'a>>)> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        let read = |(name, value): (&'a Spanned<std::borrow::Cow<'a, str>>, &'a Value<'a>)| {
            let Some(array) = value.get_ref().as_array() else { return self.wrong(value, "a list of strings") };
            Some((located(name), array.iter().filter_map(|element| self.text(element)).collect()))
        };
        entries.filter_map(read).collect()
    }

    pub fn optional_boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.find(key)?;
        value.get_ref().as_bool().or_else(|| self.wrong(value, "true or false"))
    }

    pub fn integer(&mut self, key: &'static str) -> Option<Located<i64>> {
        let value = self.required(key)?;
        let Some(integer) = value.get_ref().as_integer() else { return self.wrong(value, "an integer") };
        let at = value.span().start;
        let number = number(integer);
        if number.is_none() {
            self.journal.complain(at, format!("{integer} is too large"));
        }
        number.map(|value| Located { at, value })
    }

    /// A whole number, at least one.
    pub fn optional_count(&mut self, key: &'static str) -> Option<u32> {
        self.optional_whole(key, u32::MAX.into()).and_then(|count| u32::try_from(count).ok())
    }

    /// The same with a bound of its own.
    pub fn optional_whole(&mut self, key: &'static str, highest: u64) -> Option<u64> {
        let value = self.find(key)?;
        let Some(integer) = value.get_ref().as_integer() else { return self.wrong(value, "a whole number") };
        match number(integer).map(u64::try_from) {
            Some(Ok(count)) if (1..=highest).contains(&count) => Some(count),
            _ => self.wrong_value(value, format!("expected a whole number from 1 to {highest}, found {integer}")),
        }
    }

    /// A time such as `5m`.
    pub fn optional_duration(&mut self, key: &'static str) -> Option<Duration> {
        let text = self.optional_quantity(key, "a time such as \"5m\" or \"90s\"")?;
        self.journal.parse(text, values::duration)
    }

    /// A size such as `2GiB`.
    pub fn optional_bytes(&mut self, key: &'static str) -> Option<u64> {
        let text = self.optional_quantity(key, "a size such as \"2GiB\" or \"512MiB\"")?;
        self.journal.parse(text, values::bytes)
    }

    pub fn table(&mut self, key: &'static str) -> Option<Section<'a>> {
        self.required(key).and_then(|value| self.section(value))
    }

    /// A table that may be left out; it reads as an empty one then.
    pub fn optional_table(&mut self, key: &'static str) -> Section<'a> {
        let empty = Self { journal: self.journal, at: self.at, table: None, asked: Vec::new() };
        self.find(key).and_then(|value| self.section(value)).unwrap_or(empty)
    }

    /// Whether the file has the table at all.
    pub fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// A table of tables whose keys are names, sorted by name.
    pub fn named_tables(&mut self, key: &'static str) -> Vec<(Text<'a>, Section<'a>)> {
        let Some(section) = self.table(key) else { return Vec::new() };
        let entries = section.table.into_iter().flat_map(DeTable::iter);
        entries.filter_map(|(name, value)| Some((located(name), self.section(value)?))).collect()
    }

    /// The same of a key that may be left out.
    pub fn optional_named_tables(&mut self, key: &'static str) -> Vec<(Text<'a>, Section<'a>)> {
        if self.place_of(key).is_none() {
            self.asked.push(key);
            return Vec::new();
        }
        self.named_tables(key)
    }

    /// A list of tables that may be left out; with the place of the list.
    pub fn optional_tables(&mut self, key: &'static str) -> Option<Located<Vec<Section<'a>>>> {
        let value = self.find(key)?;
        let Some(array) = value.get_ref().as_array() else { return self.wrong(value, "a list of tables") };
        let sections = array.iter().filter_map(|element| self.section(element)).collect();
        Some(Located { at: value.span().start, value: sections })
    }

    /// A string, or a table that `read` understands.
    pub fn string_or_table<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        string: impl FnOnce(&Journal, Text<'a>) -> Option<T>,
        table: impl FnOnce(Section<'a>) -> Option<T>,
    ) -> Option<T> {
        self.required(key);
        self.optional_string_or_table(key, expected, string, table)
    }

    /// The same of a key that may be left out.
    pub fn optional_string_or_table<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        string: impl FnOnce(&Journal, Text<'a>) -> Option<T>,
        table: impl FnOnce(Section<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.find(key)?;
        match value.get_ref() {
            DeValue::String(text) => string(self.journal, Located { at: value.span().start, value: text }),
            DeValue::Table(_) => self.section(value).and_then(table),
            _ => self.wrong(value, expected),
        }
    }

    /// Where a key's name stands, if it is there.
    pub fn place_of(&self, key: &str) -> Option<usize> {
        self.table?.get_key_value(key).map(|(key, _)| key.span().start)
    }

    /// Complains of every key that nobody asked for.
    pub fn finish(self) {
        for (key, value) in self.table.into_iter().flat_map(DeTable::iter) {
            let name = key.get_ref().as_ref();
            if !self.asked.contains(&name) && !is_stand_in(value) {
                self.journal.unknown(key.span().start, "key", name, self.asked.iter().copied());
            }
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Value<'a>> {
        self.asked.push(key);
        self.table?.get(key)
    }

    fn required(&mut self, key: &'static str) -> Option<&'a Value<'a>> {
        let value = self.find(key);
        if value.is_none() {
            self.journal.missing(self.at, key);
        }
        value
    }

    fn optional_quantity(&mut self, key: &'static str, expected: &str) -> Option<Text<'a>> {
        let value = self.find(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Located { at: value.span().start, value: text }),
            _ => self.wrong(value, expected),
        }
    }

    fn text(&self, value: &'a Value<'a>) -> Option<Text<'a>> {
        match value.get_ref() {
            DeValue::String(text) => Some(Located { at: value.span().start, value: text }),
            _ => self.wrong(value, "a string"),
        }
    }

    fn section(&self, value: &'a Value<'a>) -> Option<Section<'a>> {
        let Some(table) = value.get_ref().as_table() else { return self.wrong(value, "a table") };
        Some(Section { journal: self.journal, at: value.span().start, table: Some(table), asked: Vec::new() })
    }

    fn wrong<T>(&self, value: &Value<'_>, expected: &str) -> Option<T> {
        self.wrong_value(value, format!("expected {expected}, found {}", kind(value.get_ref())))
    }

    fn wrong_value<T>(&self, value: &Value<'_>, message: String) -> Option<T> {
        if !is_stand_in(value) {
            self.journal.complain(value.span().start, message);
        }
        None
    }
}

/// The parser puts a number at no place where a value could not be read; the syntax error has been told already.
fn is_stand_in(value: &Value<'_>) -> bool {
    value.span() == (0..0)
}

fn located<'a>(key: &'a Spanned<std::borrow::Cow<'_, str>>) -> Text<'a> {
    Located { at: key.span().start, value: key.get_ref() }
}

fn number(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
