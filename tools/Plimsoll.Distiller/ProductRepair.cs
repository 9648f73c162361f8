using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Distiller;

/// <summary>
/// Products that stand far above what stands beside them are another kernel's than the engine's, and are
/// taken from there. A whole number of rows is judged by the median over widths and depths that fill the
/// chip, since single shapes scatter.
/// </summary>
static class ProductRepair
{
    /// <summary>Repeated measurements of one product differ by less than this.</summary>
    const double Slower = 1.15;

    /// <summary>Medians of two cards that are as fast as each other differ by less than this.</summary>
    const double SlowerThanPredecessor = 1.04;

    const int Wide = 1024;

    /// <summary>
    /// Numbers of rows at which a narrow format takes longer than the same engine's 16 bits: no reason to
    /// quantise, but an engine may run such kernels all the same.
    /// </summary>
    public static IReadOnlyList<int> SlowerThanSixteenBits(ProductTimes times, ProductTimes sixteenBits) =>
        [.. SlowerThan(times, sixteenBits, Slower).Select(rows => rows.Key)];

    /// <summary>A card is no slower than the one it succeeds with more of everything.</summary>
    /// <returns>The numbers of rows that were replaced.</returns>
    public static IReadOnlyList<int> FromPredecessor(ProductTimes times, ProductTimes predecessor)
    {
        var slower = SlowerThan(times, predecessor, SlowerThanPredecessor);
        foreach (var key in slower.SelectMany(rows => rows))
            times.Ns[key] = Math.Min(times.Ns[key], predecessor.Ns.GetValueOrDefault(key, double.MaxValue));
        return [.. slower.Select(rows => rows.Key)];
    }

    /// <summary>
    /// A product that takes longer than the next fewer rows, as often as that takes, is computed in such
    /// pieces.
    /// </summary>
    /// <returns>How many were replaced.</returns>
    public static int InPieces(ProductTimes times)
    {
        var replaced = 0;
        foreach (var shape in times.Ns.Keys.GroupBy(key => (key.N, key.K)).ToList())
        {
            (int M, double Ns)? fewer = null;
            foreach (var key in shape.OrderBy(key => key.M))
            {
                var pieces = fewer is { } piece ? Math.Ceiling((double)key.M / piece.M) * piece.Ns
                    : double.MaxValue;
                if (times.Ns[key] > Slower * pieces)
                {
                    times.Ns[key] = pieces;
                    replaced++;
                }
                fewer = (key.M, times.Ns[key]);
            }
        }
        return replaced;
    }

    static List<IGrouping<int, (int M, int N, int K)>> SlowerThan(
        ProductTimes times, ProductTimes standard, double slower)
    {
        return [.. times.Ns.Keys.GroupBy(key => key.M).OrderBy(rows => rows.Key)
            .Where(rows => Median(rows) > slower)];

        double Median(IEnumerable<(int M, int N, int K)> rows)
        {
            var over = rows.Where(key => key.N >= Wide && key.K >= Wide && standard.Ns.ContainsKey(key))
                .Select(key => times.Ns[key] / standard.Ns[key]).Order().ToList();
            return over.Count == 0 ? 0 : over[over.Count / 2];
        }
    }
}
