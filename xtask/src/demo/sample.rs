//! [`Sample`]: a lead that the demo sells, from `configs/demo/leads.toml`.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

/// A lead with its seller.
#[derive(Debug)]
pub(crate) struct Sample {
    /// What it is, in a few words.
    pub(crate) about: String,
    /// Who sells it.
    pub(crate) seller: String,
    /// What kind of lead it is.
    pub(crate) vertical: String,
    /// Whether it is pinged first and posted then.
    pub(crate) two_step: bool,
    floor: Option<Value>,
    fields: Map<String, Value>,
    person: Map<String, Value>,
}

impl Sample {
    /// Reads the samples in their order.
    ///
    /// # Errors
    ///
    /// Fails where the text is no TOML or lacks something.
    pub(crate) fn all(text: &str) -> anyhow::Result<Vec<Self>> {
        let document: Value = toml::from_str(text)?;
        let leads = document.get("lead").and_then(Value::as_array).context("there is no [[lead]]")?;
        let read = |(lead, number)| Self::read(lead).with_context(|| format!("lead {number}"));
        leads.iter().zip(1..).map(read).collect()
    }

    fn read(lead: &Value) -> anyhow::Result<Self> {
        let text = |key| {
            let text = lead.get(key).and_then(Value::as_str).map(str::to_owned);
            text.with_context(|| format!("`{key}` is missing or no text"))
        };
        let table = |key| {
            let table = lead.get(key).and_then(Value::as_object).cloned();
            table.with_context(|| format!("`{key}` is missing or no table"))
        };
        Ok(Self {
            about: text("about")?,
            seller: text("seller")?,
            vertical: text("vertical")?,
            two_step: lead.get("two_step") == Some(&Value::Bool(true)),
            floor: lead.get("floor").cloned(),
            fields: table("fields")?,
            person: table("person")?,
        })
    }

    /// Returns the body of `POST /v1/leads`: everything at once.
    pub(crate) fn lead(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.extend(self.person.clone());
        self.envelope(fields)
    }

    /// Returns the body of `POST /v1/pings`: nothing of the person.
    pub(crate) fn ping(&self) -> Value {
        self.envelope(self.fields.clone())
    }

    /// Returns the body of `POST /v1/pings/{id}/post`: the person.
    pub(crate) fn post(&self) -> Value {
        json!({ "fields": self.person })
    }

    fn envelope(&self, fields: Map<String, Value>) -> Value {
        let mut body = Map::from_iter([
            ("vertical".to_owned(), Value::from(self.vertical.as_str())),
            ("fields".to_owned(), Value::Object(fields)),
        ]);
        body.extend(self.floor.clone().map(|floor| ("floor".to_owned(), floor)));
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leads_of_the_demo_hold_what_it_promises() {
        let path = crate::repository_root().join("configs/demo/leads.toml");
        let text = std::fs::read_to_string(path).expect("the leads are there");
        let samples = Sample::all(&text).expect("they can be read");
        for vertical in ["solar", "auto_insurance", "home_services"] {
            assert!(samples.iter().any(|it| it.vertical == vertical), "{vertical}");
        }
        assert!(samples.iter().any(|it| it.two_step));
        assert!(samples.iter().any(|it| !it.two_step));
    }

    #[test]
    fn the_person_stays_out_of_the_ping() {
        let text = "[[lead]]\nabout = 'a'\nseller = 's'\nvertical = 'v'\nfloor = '1.00'\n\
                    [lead.fields]\nzip = '1'\n[lead.person]\nname = 'Ada'\n";
        let samples = Sample::all(text).expect("a lead");
        let sample = samples.first().expect("one");
        let ping = json!({ "vertical": "v", "fields": { "zip": "1" }, "floor": "1.00" });
        assert_eq!(sample.ping(), ping);
        assert_eq!(sample.post(), json!({ "fields": { "name": "Ada" } }));
        let lead = json!({ "vertical": "v", "fields": { "zip": "1", "name": "Ada" }, "floor": "1.00" });
        assert_eq!(sample.lead(), lead);
        let error = Sample::all("[[lead]]\nabout = 'a'\n").expect_err("it has no seller");
        assert_eq!(format!("{error:#}"), "lead 1: `seller` is missing or no text");
    }
}
