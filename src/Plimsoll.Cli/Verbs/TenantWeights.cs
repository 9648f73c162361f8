using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Cli.Verbs;

/// <summary>What tenants of a batch workload weigh against each other.</summary>
static class TenantWeights
{
    const string Name = "--tenant-weights";

    public static Option<string?> Create() => new(Name)
    {
        Description = "What tenants of the batch workload weigh against each other, such as acme=3,beta=1; "
            + "the policy slack keeps it; --batch-map tenant=COLUMN tells them apart [default: 1 each]",
    };

    /// <summary>
    /// By the tenants' numbers in the workload, nobody's first; none where nothing is said.
    /// </summary>
    public static int[] Read(string? text, Workload workload)
    {
        if (text is null)
            return [];
        var names = workload.Tenants.ToList();
        var weights = Enumerable.Repeat(1, 1 + names.Count).ToArray();
        var given = new HashSet<int>();
        foreach (var part in text.Split(','))
        {
            var at = part.LastIndexOf('=');
            var number = names.IndexOf(at < 0 ? part.Trim() : part[..at].Trim()) + 1;
            if (number == 0)
            {
                var expected = names.Count == 0 ? "a log and --batch-map with tenant=COLUMN" : Some(names);
                throw new BadInputException(
                    $"{Name} {part.Trim()}: {workload.Name} names no such tenant; expected {expected}");
            }
            if (!given.Add(number))
                throw new BadInputException($"{Name} {part.Trim()}: expected each tenant once");
            weights[number] = int.TryParse(part[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture,
                out var weight) && weight is >= 1 and <= 1000
                ? weight
                : throw new BadInputException($"{Name} {part.Trim()}: expected NAME=1 to 1000");
        }
        return weights;
    }

    static string Some(List<string> names) => names.Count <= 5
        ? "one of " + string.Join(", ", names)
        : $"one of {string.Join(", ", names.Take(5))} and {names.Count - 5} more";
}
