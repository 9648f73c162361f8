using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using Plimsoll.Server.Configuration;

namespace Plimsoll.Server.Tenants;

/// <summary>
/// The keys that are configured. A verified key is remembered by a keyed digest, so PBKDF2 runs once per key
/// and not once per request; how many wrong secrets are hashed per second is bounded.
/// </summary>
public sealed class KeyRing
{
    const int MostFailuresPerSecond = 20;

    readonly byte[] _digestKey = RandomNumberGenerator.GetBytes(32);
    readonly ConcurrentDictionary<string, Tenant> _verified = new(StringComparer.Ordinal);
    readonly Dictionary<string, KeyConfig> _keys = new(StringComparer.Ordinal);
    readonly Dictionary<string, int> _weights = new(StringComparer.Ordinal);
    readonly TimeProvider _time;
    readonly System.Threading.Lock _gate = new();
    long _failureSecond;
    int _failures;

    public KeyRing(IEnumerable<KeyConfig> keys, TimeProvider time)
    {
        _time = time;
        foreach (var key in keys)
        {
            _keys[key.Id] = key;
            _weights[key.Tenant] = Math.Max(key.Weight, WeightOf(key.Tenant));
        }
    }

    /// <summary>Whether anybody on this machine may ask without a key.</summary>
    public bool IsOpen => _keys.Count == 0;

    /// <summary>What a tenant's batch lines weigh.</summary>
    public int WeightOf(string tenant) => _weights.GetValueOrDefault(tenant, 1);

    /// <summary>The tenant of an <c>Authorization</c> header; null when it names none.</summary>
    public Tenant? Find(string? authorization)
    {
        if (IsOpen)
            return Tenant.Local;
        const string Scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var key = authorization[Scheme.Length..].Trim();
        if (KeyHash.Split(key) is not { } parts || !_keys.TryGetValue(parts.Id, out var config))
            return null;
        var digest = Convert.ToBase64String(HMACSHA256.HashData(_digestKey, Encoding.UTF8.GetBytes(key)));
        if (_verified.TryGetValue(digest, out var known))
            return known;
        if (!MayTry() || !KeyHash.Matches(parts.Secret, config.Hash))
            return null;
        return _verified.GetOrAdd(digest, new Tenant(config.Tenant, config.Id, config));
    }

    bool MayTry()
    {
        lock (_gate)
        {
            var second = _time.GetUtcNow().ToUnixTimeSeconds();
            if (second != _failureSecond)
                (_failureSecond, _failures) = (second, 0);
            return ++_failures <= MostFailuresPerSecond;
        }
    }
}
