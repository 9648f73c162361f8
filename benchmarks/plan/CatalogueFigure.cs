using System;
using System.Linq;
using Plimsoll.Planning.Validation;

namespace Plimsoll.Plan.Figures;

/// <summary>The laws over the whole catalogue; exceptions by cards and by the measured term that makes them.
/// </summary>
static class CatalogueFigure
{
    public static int Run()
    {
        foreach (var law in CatalogueLaws.All().GroupBy(check => check.Law))
        {
            var broken = law.Where(check => !check.Holds).ToList();
            Console.WriteLine($"\n{law.Key}: {law.Count():N0} pairs, {broken.Count:N0} exceptions");
            foreach (var group in broken.GroupBy(check => (check.Cards, Term: check.Why.Split(" +")[0]))
                .OrderByDescending(group => group.Count()))
            {
                var worst = group.MaxBy(check => check.Ratio)!;
                Console.WriteLine(FormattableString.Invariant(
                    $"  {group.Count(),4}  {group.Key.Cards,-22}{group.Key.Term,-18}")
                    + FormattableString.Invariant($"worst {worst.Ratio:0.00}: {worst.What}, {worst.Why}"));
            }
        }
        return 0;
    }
}
