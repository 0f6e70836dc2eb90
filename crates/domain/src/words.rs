//! Closed vocabularies. Their text forms are stored and served: a word is never reused for something else.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is stored and served.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// What a credential is made of.
    Kind {
        /// One key.
        ApiKey = "api_key",
        /// One token.
        AccessToken = "access_token",
        /// User name and password.
        Basic = "basic",
        /// OAuth 2 client credentials.
        ClientCredentials = "client_credentials",
        /// An OAuth client, shared by many accounts.
        Oauth2App = "oauth2_app",
        /// One connected account.
        Oauth2 = "oauth2",
        /// Any fields, each marked.
        Custom = "custom",
    }
);
words!(
    /// How a field is kept.
    FieldClass {
        /// In the secret part; shown by resolve and reveal only.
        Secret = "secret",
        /// Where secrets are sent: in the secret part of the version it was entered with.
        Destination = "destination",
        /// In the history part.
        Plain = "plain",
    }
);
words!(
    /// What people set a credential to.
    CredentialStatus {
        /// In use.
        Active = "active",
        /// Not served for now.
        Disabled = "disabled",
        /// Not served any more; the delete.
        Revoked = "revoked",
        /// Its keys are destroyed.
        Shredded = "shredded",
    }
);
words!(
    /// What kind of actor a principal is.
    PrincipalKind {
        /// A human being.
        Person = "person",
        /// A program.
        Service = "service",
        /// The ledger itself.
        System = "system",
    }
);
words!(
    /// A bundle of rights.
    Role {
        /// See, and the log of what is seen.
        Viewer = "viewer",
        /// See, use, map.
        Member = "member",
        /// Member, and create, edit, connect, withdraw, organise, design; never read.
        Editor = "editor",
        /// Resolve in its workspaces.
        Service = "service",
        /// See and read values, by id.
        Reader = "reader",
        /// History, proofs, exports, state without values.
        Auditor = "auditor",
        /// Share, principals, grants, keys, replay, restore.
        Admin = "admin",
        /// All, and makes admins.
        Owner = "owner",
    }
);
words!(
    /// One thing that a principal may do.
    Right {
        /// Everything but values.
        See = "see",
        /// Let it stand behind a variable.
        Use = "use",
        /// Change and rotate.
        Edit = "edit",
        /// Reconnect and test.
        Connect = "connect",
        /// Disable and revoke.
        Withdraw = "withdraw",
        /// Widen or narrow reach.
        Share = "share",
        /// See a value, by id.
        Read = "read",
        /// Admit, map, set workspace defaults.
        Map = "map",
        /// Be served a workspace's secrets.
        Resolve = "resolve",
        /// Create credentials.
        Create = "create",
        /// Clients, workspaces, ledger defaults.
        Organise = "organise",
        /// Templates.
        Design = "design",
        /// Read the whole history.
        Audit = "audit",
        /// Principals, grants, keys, replay, restore.
        Administer = "administer",
        /// Make admins and owners.
        Own = "own",
    }
);
words!(
    /// Whether a grant gives or refuses.
    Effect {
        /// Gives.
        Allow = "allow",
        /// Refuses, whatever else gives.
        Deny = "deny",
    }
);
words!(
    /// The level at which a mapping was found, most specific first.
    Step {
        /// Mapping at workspace, template and workflow instance.
        Instance = "instance",
        /// Mapping at workspace and template.
        Template = "template",
        /// The workspace's default for service and kind.
        WorkspaceDefault = "workspace_default",
        /// The ledger's default for service and kind.
        LedgerDefault = "ledger_default",
    }
);
words!(
    /// The category of a stream, with the numbers of the record format.
    Category {
        /// The ledger itself.
        Ledger = "ledger",
        /// A principal.
        Principal = "principal",
        /// A client.
        Client = "client",
        /// A credential.
        Credential = "credential",
        /// A template.
        Template = "template",
        /// A workspace.
        Workspace = "workspace",
        /// One default.
        Default = "default",
        /// What one principal was served or refused.
        Access = "access",
        /// What takes a second pair of eyes, once.
        Approval = "approval",
        /// What the ledger asks of everybody.
        Policy = "policy",
        /// Who is told of what.
        Webhook = "webhook",
        /// What is stopped for a while.
        Incident = "incident",
    }
);
words!(
    /// What a freeze stops.
    Stop {
        /// Changes of what lies in its scope.
        Writes = "writes",
        /// Secrets of what lies in its scope: nothing is resolved or revealed.
        Serving = "serving",
    }
);
words!(
    /// What may take four eyes: somebody asks, another approves.
    Act {
        /// A person sees a value.
        Reveal = "reveal",
        /// A credential that is mapped or a default is revoked.
        RevokeInUse = "revoke_in_use",
        /// Somebody becomes an owner, or is one no more.
        Owners = "owners",
        /// The policy itself asks for less. It takes four eyes whenever anything does.
        Policy = "policy",
    }
);

impl Category {
    /// The number in the record header.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Ledger => 1,
            Self::Principal => 2,
            Self::Client => 3,
            Self::Credential => 4,
            Self::Template => 5,
            Self::Workspace => 6,
            Self::Default => 7,
            Self::Access => 8,
            Self::Approval => 9,
            Self::Policy => 10,
            Self::Webhook => 11,
            Self::Incident => 12,
        }
    }

    /// The category of a number, if it is one that this version knows.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|category| category.number() == number)
    }
}
