using System;
using System.Collections.Concurrent;
using System.Threading;

namespace Plimsoll.Server.Tenants;

/// <summary>
/// Requests and tokens per minute of each tenant, as leaky buckets that refill without steps.
/// </summary>
public sealed class RateLimits(TimeProvider time)
{
    readonly ConcurrentDictionary<string, Bucket> _requests = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, Bucket> _tokens = new(StringComparer.Ordinal);

    /// <summary>What the headers say: limits and what is left; null where the tenant has none.</summary>
    public readonly record struct State(Quota? Requests, Quota? Tokens, TimeSpan? RetryAfter);

    public readonly record struct Quota(long Limit, long Remaining, TimeSpan Reset);

    /// <summary>
    /// Takes one request of so many tokens out of a tenant's buckets, or nothing:
    /// <see cref="State.RetryAfter"/> then says when it would fit.
    /// </summary>
    public State Take(Tenant tenant, long tokens)
    {
        var requests = Of(_requests, tenant, tenant.Options.RequestsPerMinute);
        var ofTokens = Of(_tokens, tenant, tenant.Options.TokensPerMinute);
        if (requests is null && ofTokens is null)
            return default;
        var wait = requests?.TryTake(1);
        if (wait is null && ofTokens?.TryTake(tokens) is { } tokenWait)
        {
            requests?.Give(1);
            wait = tokenWait;
        }
        return new State(requests?.Quota, ofTokens?.Quota, wait);
    }

    /// <summary>
    /// Takes tokens of a request that is let in already, also those that are not there: they are missing to
    /// the next one.
    /// </summary>
    public State TakeMore(Tenant tenant, long tokens)
    {
        var ofTokens = Of(_tokens, tenant, tenant.Options.TokensPerMinute);
        ofTokens?.Give(-tokens);
        return new State(
            Of(_requests, tenant, tenant.Options.RequestsPerMinute)?.Quota, ofTokens?.Quota, null);
    }

    /// <summary>
    /// Gives back what a request was booked for and did not use; takes, below zero, what it used beyond.
    /// </summary>
    public void GiveBack(Tenant tenant, long tokens)
    {
        if ( _tokens.TryGetValue(tenant.Name, out var bucket))
            bucket.Give(tokens);
    }

    Bucket? Of(ConcurrentDictionary<string, Bucket> buckets, Tenant tenant, long? perMinute) =>
        perMinute is { } limit
            ? buckets.AddOrUpdate(
                tenant.Name, _ => new Bucket(limit, time), (_, old) => old.Limit == limit ? old
                    : new Bucket(limit, time))
            : null;

    sealed class Bucket(long limit, TimeProvider time)
    {
        readonly Lock _gate = new();
        double _level = limit;
        long _timestamp = time.GetTimestamp();

        public long Limit => limit;

        public Quota Quota
        {
            get
            {
                lock (_gate)
                {
                    Refill();
                    return new Quota(limit, (long)_level, TimeSpan.FromMinutes((limit - _level) / limit));
                }
            }
        }

        /// <summary>
        /// Null when taken; otherwise how long until it would be. Larger than the bucket: when full.
        /// </summary>
        public TimeSpan? TryTake(long amount)
        {
            lock (_gate)
            {
                Refill();
                var needed = Math.Min(amount, limit);
                if (_level >= needed)
                {
                    _level -= amount;
                    return null;
                }
                return TimeSpan.FromMinutes((needed - _level) / limit);
            }
        }

        public void Give(long amount)
        {
            lock (_gate)
                _level = Math.Min(limit, _level + amount);
        }

        void Refill()
        {
            var now = time.GetTimestamp();
            _level = Math.Min(limit, _level + (time.GetElapsedTime(_timestamp, now).TotalMinutes * limit));
            _timestamp = now;
        }
    }
}
