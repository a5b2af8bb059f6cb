//! The numbers of the exchange in the text format that Prometheus scrapes.

use core::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use exchange_wire::ProblemKind;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::caller::Operator;
use crate::problem_response::ProblemResponse;
use crate::{Backend, Metric, MetricKind, MetricValue};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What every name begins with.
const PREFIX: &str = "exchange";

/// Shows the numbers of the exchange.
pub(crate) async fn show<B: Backend>(
    _operator: Operator,
    State(backend): State<Arc<B>>,
) -> Result<Response, ProblemResponse> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Exposition(backend.metrics())));
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|fmt::Error| {
        ProblemResponse::new(ProblemKind::Internal, "the metrics could not be written")
    })?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

/// What one scrape shows.
#[derive(Debug)]
struct Exposition(Vec<Metric>);

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for metric in &self.0 {
            let unit = metric.samples.first().and_then(|sample| unit_of(sample.value));
            let kind = match metric.kind {
                MetricKind::Counter => MetricType::Counter,
                MetricKind::Gauge => MetricType::Gauge,
            };
            let mut family = encoder.encode_descriptor(metric.name, metric.help, unit.as_ref(), kind)?;
            for sample in &metric.samples {
                if sample.labels.is_empty() {
                    write(&mut family, metric.kind, sample.value)?;
                } else {
                    write(&mut family.encode_family(&sample.labels)?, metric.kind, sample.value)?;
                }
            }
        }
        Ok(())
    }
}

fn write(encoder: &mut MetricEncoder<'_>, kind: MetricKind, value: MetricValue) -> Result<(), fmt::Error> {
    match (kind, value) {
        (MetricKind::Counter, MetricValue::Count(count) | MetricValue::Bytes(count)) => {
            encoder.encode_counter::<NoLabelSet, _, u64>(&count, None)
        }
        (MetricKind::Counter, MetricValue::Time(time)) => {
            encoder.encode_counter::<NoLabelSet, _, f64>(&time.as_secs_f64(), None)
        }
        (MetricKind::Gauge, MetricValue::Count(count) | MetricValue::Bytes(count)) => {
            encoder.encode_gauge(&count)
        }
        (MetricKind::Gauge, MetricValue::Time(time)) => encoder.encode_gauge(&time.as_secs_f64()),
    }
}

const fn unit_of(value: MetricValue) -> Option<Unit> {
    match value {
        MetricValue::Count(_) => None,
        MetricValue::Bytes(_) => Some(Unit::Bytes),
        MetricValue::Time(_) => Some(Unit::Seconds),
    }
}
