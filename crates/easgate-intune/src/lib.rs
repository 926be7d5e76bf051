//! Microsoft Graph as far as Intune goes, tokens, and other enrolment sources
