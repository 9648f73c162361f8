using System;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Plimsoll.Server.Configuration;

/// <summary>
/// API keys: <c>plm-ID-SECRET</c>. The secret has 256 random bits; of it only a PBKDF2 hash is kept
/// (<c>pbkdf2-sha256$ITERATIONS$SALT$HASH</c>).
/// </summary>
public static class KeyHash
{
    const string Scheme = "pbkdf2-sha256";
    const int Iterations = 100_000;
    const int HashBytes = 32;
    const int MostIterations = 10_000_000;

    public static (string Key, string Id, string Hash) Create()
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        return ($"plm-{id}-{secret}", id, Of(secret));
    }

    public static string Of(string secret)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        var hash = Derive(secret, salt, Iterations);
        return string.Create(CultureInfo.InvariantCulture,
            $"{Scheme}${Iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
    }

    /// <summary>Whether the secret is the one that was hashed; takes the same time either way.</summary>
    public static bool Matches(string secret, string hash)
    {
        return Read(hash) is var (iterations, salt, expected)
            && CryptographicOperations.FixedTimeEquals(Derive(secret, salt, iterations), expected);
    }

    /// <summary>Whether a text is a hash that some secret could match.</summary>
    public static bool IsHash(string text) => Read(text) is not null;

    static (int Iterations, byte[] Salt, byte[] Hash)? Read(string text)
    {
        var parts = text.Split('$');
        if (parts.Length != 4 || parts[0] != Scheme
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > MostIterations)
        {
            return null;
        }
        var salt = new byte[64];
        var hash = new byte[64];
        return Convert.TryFromBase64String(parts[2], salt, out var saltBytes)
            && Convert.TryFromBase64String(parts[3], hash, out var hashBytes) && hashBytes == HashBytes
            ? (iterations, salt[..saltBytes], hash[..hashBytes])
            : null;
    }

    /// <summary>Id and secret of a presented key; null when it has not their shape.</summary>
    public static (string Id, string Secret)? Split(string key)
    {
        if (!key.StartsWith("plm-", StringComparison.Ordinal) || key.Length > 256)
            return null;
        var dash = key.IndexOf('-', 4);
        return dash < 0 ? null : (key[4..dash], key[(dash + 1)..]);
    }

    static byte[] Derive(string secret, ReadOnlySpan<byte> salt, int iterations) => Rfc2898DeriveBytes.Pbkdf2(
        Encoding.UTF8.GetBytes(secret), salt, iterations, HashAlgorithmName.SHA256, HashBytes);
}
