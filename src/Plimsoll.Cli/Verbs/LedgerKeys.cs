using System;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Server.Ledger;

namespace Plimsoll.Cli.Verbs;

/// <summary>What the rows of a ledger are summed by.</summary>
static class LedgerKeys
{
    public static Choices<Func<LedgerRow, string>> All { get; } = new(
        ("tenant", row => row.Tenant),
        ("level", row => row.Level),
        ("model", row => row.Model),
        ("adapter", row => row.Adapter.Length > 0 ? row.Adapter : row.Model),
        ("release", row => row.Release),
        ("engine", row => row.Engine),
        ("account", row => row.Account),
        ("hour", row => DateTimeOffset.FromUnixTimeSeconds(row.Hour * 3600)
            .ToString("yyyy-MM-ddTHH'Z'", CultureInfo.InvariantCulture)));
}
