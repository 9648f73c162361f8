using System;
using System.Collections.Generic;

namespace Plimsoll.Planning.Validation;

/// <summary>Measurements that cannot be replayed, counted by reason.</summary>
public sealed class DropTally : SortedDictionary<string, int>
{
    public DropTally()
        : base(StringComparer.Ordinal)
    {
    }

    public void Add(string reason) => this[reason] = TryGetValue(reason, out var count) ? count + 1 : 1;
}
