//! One TCP connection: its log-on, and its requests.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};

use super::dialer::Dialer;
use super::lane::{Answer, LaneError, Post};
use super::security::{self, Account, Challenge, Scheme, Security, SecurityContext};
use super::wire::{Reply, Wire};
use crate::{Authentication, AuthenticationError, TransportError};

/// How long a log-on may take, with all its questions to domain controllers.
const LOGON_TIMEOUT: Duration = Duration::from_secs(30);
/// More than any mechanism needs.
const MAX_LEGS: usize = 6;

/// A connection that is ready for requests.
#[derive(Debug)]
pub(super) struct Connection {
    wire: Wire,
    security: Security,
    certificate_only: bool,
}

/// How opening a connection ended.
pub(super) enum Opened {
    Ready(Connection),
    /// The server answered the log-on with something that is no answer to it, such as a redirect. Its body is
    /// thrown away, since nobody has proved who wrote it.
    Answered(Answer),
}

/// How the legs of one log-on ended.
enum Legs {
    Done,
    Answered(Answer),
    /// The server does not know the scheme.
    NotOffered(Answer, Vec<Challenge>),
}

impl Connection {
    /// Connects to the address of `post` and logs on, with empty bodies.
    pub(super) async fn open(dialer: &Dialer, post: &Post<'_>) -> Result<Opened, LaneError> {
        let opening = tokio::time::timeout(LOGON_TIMEOUT, Self::open_in_time(dialer, post));
        match opening.await {
            Ok(Err(LaneError::Transport(error))) => Err(nothing_sent(error).into()),
            Ok(outcome) => outcome,
            Err(_) => Err(nothing_sent(TransportError::Timeout { after: LOGON_TIMEOUT }).into()),
        }
    }

    async fn open_in_time(dialer: &Dialer, post: &Post<'_>) -> Result<Opened, LaneError> {
        let config = dialer.config();
        let wire = Wire {
            client: dialer.client()?,
            max_response_bytes: config.limits.max_response_bytes,
            proxy: config.proxy.as_ref().map(|proxy| proxy.url.clone()),
        };
        let mut certificate = None;
        let mut offered = None;
        let look_first = !config.pins.is_empty() || dialer.logon().needs_certificate();
        if look_first && post.url.scheme() == "https" {
            // Neither credentials nor cookies go out before the certificate is known.
            let reply = wire.log_on(&post.bare(), None).await?;
            dialer.check_pin(reply.certificate.as_deref())?;
            certificate = reply.certificate;
            if reply.answer.status == StatusCode::UNAUTHORIZED {
                offered = Some(security::challenges(&reply.answer.headers, WWW_AUTHENTICATE));
            }
        }
        let security = match (&config.authentication, dialer.account()?) {
            (Authentication::Basic { .. }, Account::Password { username, password }) => {
                Security::basic(username, &password)
            }
            (_, Account::Certificate) => Security::Open,
            (_, account @ (Account::Password { .. } | Account::System { .. })) => {
                let logon = LogOn {
                    dialer,
                    post,
                    wire: &wire,
                    certificate: certificate.as_deref(),
                    account,
                };
                match logon.run(offered).await? {
                    Ok(context) if post.url.scheme() == "https" => {
                        drop(context);
                        Security::Open
                    }
                    Ok(context) => Security::Sealed(Box::new(context)),
                    Err(answer) => return Ok(Opened::Answered(answer)),
                }
            }
        };
        Ok(Opened::Ready(Self {
            wire,
            security,
            certificate_only: matches!(config.authentication, Authentication::Certificate),
        }))
    }

    /// Whether only the answer to a request tells if the account was accepted.
    pub(super) const fn proves_itself_with_each_request(&self) -> bool {
        match self.security {
            Security::Header(_) => true,
            Security::Open | Security::Sealed(_) => false,
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn exchange(&mut self, post: &Post<'_>) -> Result<Answer, LaneError> {
        let sealed = self
            .security
            .seal(&post.body)
            .map_err(|error| TransportError::Connect { source: error.into() })?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, sealed.content_type);
        if let Some(header) = self.security.authorization() {
            headers.insert(AUTHORIZATION, header);
        }
        let Reply { mut answer, .. } = self.wire.send(post, headers, sealed.bytes).await?;
        let refused = answer.status == StatusCode::UNAUTHORIZED;
        if refused && !self.certificate_only && !self.proves_itself_with_each_request() {
            return Err(AuthenticationError::Forgotten.into());
        }
        if self.certificate_only && answer.status == StatusCode::FORBIDDEN {
            return Err(AuthenticationError::CertificateForbidden.into());
        }
        answer.body = self
            .security
            .unseal(answer.status, &answer.headers, answer.body)
            .map_err(|error| TransportError::Broken { source: error.into() })?;
        Ok(answer)
    }
}

/// One log-on.
struct LogOn<'a> {
    dialer: &'a Dialer,
    post: &'a Post<'a>,
    wire: &'a Wire,
    certificate: Option<&'a [u8]>,
    account: Account<'a>,
}

impl LogOn<'_> {
    /// Logs on by the scheme that the server offers; the inner error is an answer that is none to a log-on.
    async fn run(
        &self,
        offered: Option<Vec<Challenge>>,
    ) -> Result<Result<SecurityContext, Answer>, LaneError> {
        let logon = self.dialer.logon();
        let mut scheme = match &offered {
            Some(offered) => logon.choose(offered)?,
            None => match logon.first_scheme() {
                Some(scheme) => scheme,
                None => logon.choose(&[])?,
            },
        };
        let mut switched = false;
        loop {
            let mut context = logon
                .begin(scheme, self.post.url, self.certificate, &self.account)
                .await?;
            match self.legs(&mut context).await? {
                Legs::Done => {
                    context.check_mechanism()?;
                    logon.learn(scheme);
                    tracing::debug!(
                        scheme = scheme.name(),
                        mechanism = scheme.mechanism().name(),
                        "Logged on"
                    );
                    return Ok(Ok(context));
                }
                Legs::Answered(answer) => return Ok(Err(answer)),
                Legs::NotOffered(answer, offered) => {
                    scheme = logon.choose(&offered)?;
                    if switched {
                        return Err(logon.refused(&context, &answer.headers, None).into());
                    }
                    switched = true;
                }
            }
        }
    }

    /// Exchanges tokens until the server no longer answers 401 and has proved itself.
    async fn legs(&self, context: &mut SecurityContext) -> Result<Legs, LaneError> {
        let scheme = context.scheme();
        let mut token = context.step(&[]).await?;
        for leg in 0..MAX_LEGS {
            if token.is_empty() {
                let reason = "there is no token to send".to_owned();
                return Err(AuthenticationError::Protocol { reason }.into());
            }
            let header = security::token_header(scheme.name(), &token);
            let answer = self.wire.log_on(self.post, Some(header)).await?.answer;
            let offered = security::challenges(&answer.headers, WWW_AUTHENTICATE);
            let reply = scheme.token(&offered).filter(|token| !token.is_empty());
            if answer.status != StatusCode::UNAUTHORIZED {
                return finish(context, answer, reply).await;
            }
            let refused = |context: &SecurityContext| {
                let token = reply.as_deref();
                self.dialer.logon().refused(context, &answer.headers, token)
            };
            token = match &reply {
                Some(_) if context.is_done() => return Err(refused(context).into()),
                Some(reply) => match context.step(reply).await {
                    Ok(token) => token,
                    Err(AuthenticationError::Protocol { .. }) => return Err(refused(context).into()),
                    Err(error) => return Err(error.into()),
                },
                None if leg == 0 && Scheme::choose(&[scheme], &offered).is_none() => {
                    return Ok(Legs::NotOffered(answer, offered));
                }
                None if leg == 0 && scheme.mechanism() == security::Mechanism::Ntlm => {
                    // The password has not been looked at yet.
                    let reason = "the first NTLM message was not answered with a challenge".to_owned();
                    return Err(AuthenticationError::Protocol { reason }.into());
                }
                None => return Err(refused(context).into()),
            };
        }
        let reason = format!("the server wants more than {MAX_LEGS} tokens");
        Err(AuthenticationError::Protocol { reason }.into())
    }
}

/// The server has let us in, or has said something else than yes or no.
async fn finish(
    context: &mut SecurityContext,
    answer: Answer,
    reply: Option<Vec<u8>>,
) -> Result<Legs, LaneError> {
    if let Some(reply) = reply
        && !context.is_done()
    {
        context.step(&reply).await?;
    }
    if context.is_done() {
        return Ok(Legs::Done);
    }
    if answer.status.is_success() {
        let spn = context.spn().to_owned();
        return Err(AuthenticationError::ServerUnproven { spn }.into());
    }
    Ok(Legs::Answered(Answer {
        body: Vec::new(),
        ..answer
    }))
}

/// What an error means that came while nothing of a command was sent yet.
fn nothing_sent(error: TransportError) -> TransportError {
    match error {
        error @ (TransportError::Timeout { .. } | TransportError::Broken { .. }) => {
            let source = Box::new(error);
            TransportError::Connect { source }
        }
        error @ (TransportError::Connect { .. }
        | TransportError::Gone
        | TransportError::Proxy { .. }
        | TransportError::Status { .. }
        | TransportError::TooLarge { .. }
        | TransportError::Setup { .. }) => error,
    }
}
