namespace Plimsoll.Server.Files;

/// <summary>A file that a tenant uploaded, or that a batch wrote for it.</summary>
/// <param name="Created">Unix seconds.</param>
public sealed record StoredFile(string Id, string Tenant, string Name, string Purpose, long Bytes,
    long Created);
