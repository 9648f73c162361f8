using Plimsoll.Server.Configuration;

namespace Plimsoll.Server.Tenants;

/// <summary>Who asks: a key's owner. Files, batches and the ledger are kept per <see cref="Name"/>.</summary>
public sealed class Tenant
{
    /// <summary>Nobody has a key where the server listens on loopback only and none are configured.</summary>
    public static Tenant Local { get; } = new("local", "", new KeyConfig { Admin = true });

    public Tenant(string name, string keyId, KeyConfig options)
    {
        Name = name;
        KeyId = keyId;
        Options = options;
    }

    public string Name { get; }

    public string KeyId { get; }

    public KeyConfig Options { get; }

    public bool IsAdmin => Options.Admin;
}
