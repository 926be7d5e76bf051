//! Exchange Server in typed calls over any cmdlet transport
