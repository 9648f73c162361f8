using Plimsoll.Core.Draws;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// The order in which a run sees its data: one per seed and epoch, the same on every machine.
/// </summary>
public static class DrawnOrder
{
    /// <summary>The numbers 0 to <paramref name="count"/> − 1, shuffled.</summary>
    public static int[] Of(ulong seed, ulong purpose, int count)
    {
        var draws = new RandomStream(seed, purpose);
        var order = new int[count];
        for (var i = 0; i < count; i++)
            order[i] = i;
        for (var i = count - 1; i > 0; i--)
        {
            var j = draws.NextBelow(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
