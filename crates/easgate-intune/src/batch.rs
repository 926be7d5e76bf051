//! Several reads in one request.

use std::time::Duration;

use easgate_model::Enrollment;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::graph::{Graph, read};
use crate::http::Answer;
use crate::http::error::{GraphError, ids_of};
use crate::http::retry::{self, Outcome};
use crate::request::Request;
use crate::{map, wire};

/// The most requests of one batch (_Combine multiple HTTP requests using JSON batching_).
const MOST: usize = 20;

impl Graph {
    /// The device records with these ids, in their order; `None` for one that Intune has no more.
    ///
    /// This confirms that an enrolment has vanished, before anything rests on it.
    ///
    /// # Errors
    /// A batch failed, or one of its requests did after its tries.
    pub async fn managed_devices_by_id(&self, ids: &[String]) -> Result<Vec<Option<Enrollment>>, GraphError> {
        let requests: Vec<Request> = ids.iter().map(|id| Request::managed_device(id)).collect();
        let mut devices = Vec::with_capacity(ids.len());
        for (request, answer) in requests.iter().zip(self.batch(&requests).await?) {
            let endpoint = request.endpoint();
            if answer.status == StatusCode::NOT_FOUND {
                devices.push(None);
                continue;
            }
            if !answer.status.is_success() {
                return Err(GraphError::from_answer(&endpoint, request.permission, &answer));
            }
            let device: wire::ManagedDevice = read(&endpoint, &answer)?;
            let lacking = |what| GraphError::Lacking {
                endpoint,
                what,
                ids: ids_of(&answer),
            };
            devices.push(Some(map::enrollment(device).map_err(lacking)?));
        }
        Ok(devices)
    }

    /// Sends `requests` in batches of 20 and gives their answers in the same order.
    ///
    /// Graph retries nothing inside a batch: what was throttled is sent again, in a batch of its own.
    pub(crate) async fn batch(&self, requests: &[Request]) -> Result<Vec<Answer>, GraphError> {
        let mut answers = Vec::with_capacity(requests.len());
        for chunk in requests.chunks(MOST) {
            answers.extend(self.batch_of_at_most_20(chunk).await?);
        }
        Ok(answers)
    }

    async fn batch_of_at_most_20(&self, requests: &[Request]) -> Result<Vec<Answer>, GraphError> {
        let mut answers: Vec<Option<Answer>> = requests.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..requests.len()).collect();
        let mut tries = 0;
        while !open.is_empty() {
            tries += 1;
            let asked: Vec<Request> = open
                .iter()
                .filter_map(|place| requests.get(*place))
                .cloned()
                .collect();
            let mut again = Vec::new();
            let mut longest = None::<Duration>;
            for (place, answer) in open.iter().zip(self.one_batch(&asked, tries).await?) {
                if retry::may_repeat(Outcome::Status(answer.status), tries, self.http.tries()) {
                    longest = longest.max(retry::told_wait(
                        &answer.headers,
                        &answer.body,
                        self.http.timing().now(),
                    ));
                    again.push(*place);
                } else if let Some(slot) = answers.get_mut(*place) {
                    *slot = Some(answer);
                }
            }
            open = again;
            if !open.is_empty() {
                self.http
                    .timing()
                    .sleep(retry::wait(tries, longest, self.http.timing().jitter()))
                    .await;
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// One exchange; answers come in any order and are put in that of `requests`.
    async fn one_batch(&self, requests: &[Request], tries: u32) -> Result<Vec<Answer>, GraphError> {
        let batch = Request::batch(requests);
        let (outer, wire) = self.one::<wire::BatchAnswer>(&batch).await?;
        let mut answers: Vec<Option<Answer>> = requests.iter().map(|_| None).collect();
        for response in wire.responses {
            let place = response.id.parse::<usize>().ok();
            let (Some(slot), Ok(status)) = (
                place.and_then(|place| answers.get_mut(place)),
                StatusCode::from_u16(response.status),
            ) else {
                continue;
            };
            *slot = Some(Answer {
                status,
                headers: headers(&response.headers, &outer),
                body: serde_json::to_vec(&response.body).unwrap_or_default().into(),
                client_request_id: outer.client_request_id,
                tries,
            });
        }
        let complete: Option<Vec<Answer>> = answers.into_iter().collect();
        complete.ok_or_else(|| GraphError::Lacking {
            endpoint: batch.endpoint(),
            what: "an answer to one of its requests",
            ids: ids_of(&outer),
        })
    }
}

/// The headers of one answer, with the `Date` of the whole; a body in a batch is JSON.
fn headers(wire: &std::collections::BTreeMap<String, serde_json::Value>, outer: &Answer) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(date) = outer.headers.get(http::header::DATE) {
        headers.insert(http::header::DATE, date.clone());
    }
    for (name, value) in wire {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&text)) {
            headers.insert(name, value);
        }
    }
    headers
}
