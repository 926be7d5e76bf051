//! Kerberos by the system's library: credential caches, keytabs, and every encryption type that the system knows.
//!
//! The library finds its credentials by the process's environment, `KRB5CCNAME` for a cache and `KRB5_CLIENT_KTNAME` for
//! a keytab, and its domain controllers by `KRB5_CONFIG` or `/etc/krb5.conf`. Whatever may ask a domain controller blocks,
//! so it runs on a thread of its own.

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext as _};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::Error;
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_MECH_SPNEGO, GSS_NT_KRB5_PRINCIPAL, GSS_NT_USER_NAME, Oid, OidSet};
use libgssapi::util::{GssIov, GssIovType};

use super::super::scheme::{Mechanism, Scheme};
use super::{Encrypted, Stepped};

/// A log-on with credentials of the system.
pub(super) struct SystemLibrary {
    /// `None` while a step runs, and for ever when one did not come back.
    context: Option<ClientCtx>,
    bindings: Option<Vec<u8>>,
}

impl SystemLibrary {
    /// Takes the credentials of `principal`, or the default ones.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) async fn new(
        scheme: Scheme,
        principal: Option<&str>,
        spn: &str,
        bindings: Option<Vec<u8>>,
    ) -> Result<Self, String> {
        let (principal, spn) = (principal.map(str::to_owned), spn.to_owned());
        let mechanism: Oid<'static> = match scheme {
            Scheme::Negotiate(_) => GSS_MECH_SPNEGO,
            Scheme::Kerberos | Scheme::Ntlm => GSS_MECH_KRB5,
        };
        let context = on_a_thread(move || {
            let name = |text: String, kind| Name::new(text.as_bytes(), Some(kind));
            let principal = principal.map(|text| name(text, GSS_NT_USER_NAME)).transpose()?;
            let target = name(spn, GSS_NT_KRB5_PRINCIPAL)?;
            let wanted = OidSet::singleton(mechanism)?;
            let credentials = Cred::acquire(principal.as_ref(), None, CredUsage::Initiate, Some(&wanted))?;
            // Windows gives no sequence numbers that could be checked, so none are asked for.
            let flags = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_CONF_FLAG | CtxFlags::GSS_C_INTEG_FLAG;
            Ok(ClientCtx::new(Some(credentials), target, flags, Some(mechanism)))
        })
        .await?;
        Ok(Self {
            context: Some(context),
            bindings,
        })
    }

    /// The mechanism that was really used.
    pub(super) fn mechanism(&self) -> String {
        let used = self.context.as_ref().and_then(|context| context.mechanism().ok());
        match used {
            Some(used) if used == GSS_MECH_KRB5 => Mechanism::Kerberos.name().to_owned(),
            Some(used) => format!("{used:?}"),
            None => "no mechanism".to_owned(),
        }
    }

    /// Takes the server's token, which is empty at first, and gives the one to send.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) async fn step(&mut self, token: &[u8]) -> Result<Stepped, String> {
        let mut context = self.context.take().ok_or_else(lost)?;
        let (token, bindings) = (token.to_vec(), self.bindings.clone());
        let (context, stepped) = on_a_thread(move || {
            let token = (!token.is_empty()).then_some(token.as_slice());
            let answer = context.step(token, bindings.as_deref())?;
            let token = answer.map_or_else(Vec::new, |answer| answer.to_vec());
            let done = context.is_complete();
            Ok((context, Stepped { token, done }))
        })
        .await?;
        self.context = Some(context);
        Ok(stepped)
    }

    /// Encrypts a message.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) fn encrypt(&mut self, plain: &[u8]) -> Result<Encrypted, String> {
        let context = self.context.as_mut().ok_or_else(lost)?;
        let mut data = plain.to_vec();
        let (token, padding) = {
            let mut parts = [
                GssIov::new_alloc(GssIovType::Header),
                GssIov::new(GssIovType::Data, &mut data),
                GssIov::new_alloc(GssIovType::Padding),
            ];
            context.wrap_iov(true, &mut parts).map_err(text)?;
            (parts[0].to_vec(), parts[2].to_vec())
        };
        data.extend(padding);
        Ok(Encrypted {
            token,
            length: data.len(),
            data,
        })
    }

    /// Decrypts a message whose form was checked.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) fn decrypt(&mut self, mut token: Vec<u8>, mut data: Vec<u8>) -> Result<Vec<u8>, String> {
        let context = self.context.as_mut().ok_or_else(lost)?;
        let mut nothing = [];
        {
            let mut parts = [
                GssIov::new(GssIovType::Header, &mut token),
                GssIov::new(GssIovType::Data, &mut data),
                GssIov::new(GssIovType::Data, &mut nothing),
            ];
            context.unwrap_iov(&mut parts).map_err(text)?;
        }
        Ok(data)
    }
}

/// Runs what blocks. A step that is given up runs on to its end, and its context is gone.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(text),
        Err(_) => Err("the system's Kerberos library did not come back".to_owned()),
    }
}

fn text(error: Error) -> String {
    error.to_string()
}

fn lost() -> String {
    "the context was lost in a step that was given up".to_owned()
}
