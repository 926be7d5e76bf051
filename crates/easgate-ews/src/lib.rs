//! Notification mail through Autodiscover and Exchange Web Services
