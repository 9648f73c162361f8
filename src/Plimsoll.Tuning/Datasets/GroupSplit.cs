using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Splits by group: all records of a user, a conversation or a cluster of near-duplicates lie on one side.
/// Which side depends on the group's name and the seed only, so data that is added later moves no old record.
/// </summary>
public static class GroupSplit
{
    /// <param name="groups">Of each record.</param>
    /// <param name="share">Of records, about, that is held out.</param>
    /// <returns>Whether each record is held out.</returns>
    public static bool[] HeldOut(IReadOnlyList<string> groups, double share, ulong seed)
    {
        var sides = groups.Distinct().ToDictionary(g => g, g => Place(g, seed) < share);
        return [.. groups.Select(g => sides[g])];
    }

    // Uniform in 0 to 1.
    static double Place(string group, ulong seed)
    {
        var hash = CanonicalJson.HashOfBytes(Encoding.UTF8.GetBytes($"{seed}\0{group}"));
        return Convert.ToUInt64(hash[..13], 16) / (double)(1UL << 52);
    }
}
