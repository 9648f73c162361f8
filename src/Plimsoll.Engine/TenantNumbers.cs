using System;
using System.Collections.Concurrent;
using System.Threading;

namespace Plimsoll.Engine;

/// <summary>Numbers tenants as they come: a policy keeps a place for each number up to the highest.</summary>
sealed class TenantNumbers
{
    readonly ConcurrentDictionary<string, int> _numbers = new(StringComparer.Ordinal);
    int _last = -1;

    public int Of(string tenant) => _numbers.GetOrAdd(tenant, _ => Interlocked.Increment(ref _last));
}
