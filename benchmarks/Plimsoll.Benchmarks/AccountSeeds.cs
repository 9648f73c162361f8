using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;

namespace Plimsoll.Benchmarks;

/// <summary>
/// What the default account says from seed to seed: the deployment that it chooses, its load line, and how
/// wide the interval of its interactive cost is.
/// </summary>
static class AccountSeeds
{
    public static void Print(TextWriter output, int seeds)
    {
        var lines = new List<double>();
        var widths = new List<double>();
        var chosen = new HashSet<string>();
        output.WriteLine(
            "seed  chosen  accelerators  load line  $/Mtok (interval)           high ÷ low  seconds");
        for (var seed = 1; seed <= seeds; seed++)
        {
            var watch = Stopwatch.StartNew();
            var outcome = Accountant.Account(Request((ulong)seed));
            var account = outcome.Result!.Classes.Single(c => c.Class == "interactive");
            var degrees = string.Join(' ', ParallelismChoice.Words(outcome.Engine.Deployment));
            var (low, high) = (account.Interval.Low, account.Interval.High!.Value);
            lines.Add(account.LoadLine.RequestsPerSecond);
            widths.Add((double)(high / low));
            chosen.Add(degrees);
            output.WriteLine(
                FormattableString.Invariant($"{seed,4}  {degrees,-6}  {account.Fleet.Accelerators,12}  ")
                + FormattableString.Invariant($"{lines[^1],9:0.000}  ")
                + FormattableString.Invariant($"{account.Cost.UsdPerMillionTokens:0.0000} ({low:0.0000}–")
                + FormattableString.Invariant($"{high:0.0000})  {widths[^1],17:0.000}  ")
                + FormattableString.Invariant($"{watch.Elapsed.TotalSeconds,7:0.0}"));
        }
        var mean = lines.Average();
        var deviation = Math.Sqrt(lines.Sum(l => (l - mean) * (l - mean)) / Math.Max(1, lines.Count - 1));
        output.WriteLine(FormattableString.Invariant(
            $"{string.Join(", ", chosen)} chosen; load line {mean:0.000} ± {100 * deviation / mean:0.00} %; ")
            + FormattableString.Invariant($"high ÷ low {widths.Min():0.000} to {widths.Max():0.000}, median ")
            + FormattableString.Invariant($"{widths.Order().ElementAt(widths.Count / 2):0.000}"));
    }

    static AccountRequest Request(ulong seed)
    {
        var accelerator = Catalogue.BuiltIn.FindAccelerator(Usual.Accelerator);
        var model = Catalogue.BuiltIn.FindModel(Usual.Model);
        var workload = WorkloadFamily.Find(Usual.Workload);
        return new AccountRequest
        {
            Serving = new Serving
            {
                Deployment = new DeploymentChoice
                {
                    Model = model,
                    Accelerator = accelerator,
                    Weights = model.NativeWeights,
                    Kv = NumberFormat.Bf16,
                    Engine = EngineCatalogue.ServerDefaults(accelerator, Usual.Engine),
                },
                Workload = workload,
                RequestsPerSecond = workload.RequestsPerSecond,
                Levels = ChatEngine.Levels,
                Seed = seed,
            },
            BatchWindowNs = 24 * 3_600_000_000_000L,
            Price = Catalogue.BuiltIn.FindPrice(accelerator, null),
        };
    }
}
