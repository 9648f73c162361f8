using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Promises;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>A level of service in a family's mix, and what its requests were promised.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Share">Share of the requests; shares are relative to their sum.</param>
/// <param name="Promise">Its limits, its priority or that it is batch, as <c>--level</c> reads them
/// after the name.</param>
public sealed record LevelShare(string Name, double Share, string Promise = "")
{
    internal LevelPromise Level => Promise.Length == 0
        ? LevelPromise.Named(Name, []) with { IsStated = false }
        : LevelPromise.Parse($"{Name}: {Promise}");

    internal static void Check(string name, LevelShare[] levels)
    {
        double sum = 0;
        foreach (var level in levels)
        {
            if (!(level.Share is >= 0 and < 1e9))
            {
                throw new BadInputException(
                    $"{name}: level {level.Name} has share {level.Share}; expected 0 or more");
            }
            sum += level.Share;
        }
        if (levels.Length is 0 or > 64 || sum <= 0)
            throw new BadInputException($"{name}: levels; expected 1 to 64 of them with shares above 0");
    }
}

/// <summary>Draws the level of each request, independent of everything else about it.</summary>
sealed class LevelDraws
{
    readonly double[] _upTo;
    RandomStream _random;

    public LevelDraws(IReadOnlyList<LevelShare> levels, ulong seed)
    {
        _random = new RandomStream(seed, purpose: 8);
        _upTo = new double[levels.Count];
        double sum = 0;
        for (var i = 0; i < _upTo.Length; i++)
            _upTo[i] = sum += levels[i].Share;
        for (var i = 0; i < _upTo.Length; i++)
            _upTo[i] /= sum;
    }

    public int Next()
    {
        var draw = _random.NextDouble();
        var level = 0;
        while (level < _upTo.Length - 1 && draw >= _upTo[level])
            level++;
        return level;
    }
}
