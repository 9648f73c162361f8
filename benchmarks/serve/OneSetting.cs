using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Serve.Figures.Gates;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// Gates as they are run: nobody sets a threshold anew for every load, so that each gets the one setting that
/// keeps the promise at all loads and gives the most over them.
/// </summary>
static class OneSetting
{
    public static void Print(TextWriter output, FleetOptions fleet, List<Cell> cells)
    {
        output.WriteLine("  one setting for all loads, batch tokens/s summed over them");
        var twin = 0.0;
        foreach (var cell in cells)
            twin += cell.Twin.BatchTokensPerSecond;
        output.WriteLine(FormattableString.Invariant($"    {"twin",-31} {twin,6:0}"));
        foreach (var (family, results) in cells[0].Families)
        {
            var (best, sum) = Best(fleet, cells, family, results.Count);
            if (best < 0)
            {
                output.WriteLine($"    {family,-31} none keeps the promise at all loads");
                continue;
            }
            output.Write(FormattableString.Invariant(
                $"    {results[best].Setting,-31} {sum,6:0}  twin {twin / sum:0.00}×, by load"));
            foreach (var cell in cells)
            {
                var times = cell.Twin.BatchTokensPerSecond / cell.Families[family][best].BatchTokensPerSecond;
                output.Write(FormattableString.Invariant($" {times:0.00}"));
            }
            output.WriteLine();
        }
    }

    static (int Best, double Sum) Best(
        FleetOptions fleet, List<Cell> cells, string family, int settings)
    {
        var (best, most) = (-1, 0.0);
        for (var setting = 0; setting < settings; setting++)
        {
            var sum = 0.0;
            foreach (var cell in cells)
            {
                var result = cell.Families[family][setting];
                sum += TwinFigures.Keeps(fleet, result) ? result.BatchTokensPerSecond : double.NaN;
            }
            if (sum > most)
                (best, most) = (setting, sum);
        }
        return (best, most);
    }
}
