using System.Collections.Generic;

namespace Plimsoll.Planning.Plans;

/// <summary>What each lever is worth on one fleet's traffic, each alone.</summary>
/// <param name="Base">What they are worth it over.</param>
/// <param name="UsdPerMillionTokens">Its cost, in fractions of replicas and without spares.</param>
/// <param name="Levers">The largest saving first.</param>
/// <param name="Overlaps">Pairs of which one saves a part of what the other does.</param>
/// <param name="Durability">What levers were worth on earlier cards and releases.</param>
public sealed record LeverBook(
    string Base, decimal UsdPerMillionTokens, IReadOnlyList<LeverRow> Levers,
    IReadOnlyList<LeverOverlap> Overlaps, IReadOnlyList<LeverWorth> Durability);

/// <summary>A lever.</summary>
/// <param name="Name">Of it.</param>
/// <param name="Change">What would be changed, in words.</param>
/// <param name="UsdPerMillionTokens">Saved is negative; null where it cannot be told.</param>
/// <param name="Low">Of its 90 % interval, both fleets met by the same draws; null without a bound.</param>
/// <param name="High">Of its 90 % interval.</param>
/// <param name="BreakEven">Where it stops to pay, in words; null where it has no such point.</param>
public sealed record LeverRow(
    string Name, string Change, decimal? UsdPerMillionTokens, decimal? Low, decimal? High,
    string? BreakEven);

/// <summary>Two levers together.</summary>
/// <param name="One">A lever.</param>
/// <param name="Other">Another.</param>
/// <param name="Together">What both change, simulated together.</param>
/// <param name="OfSum">That over the sum of each alone; 1 where they do not touch.</param>
public sealed record LeverOverlap(string One, string Other, decimal Together, double OfSum);

/// <summary>What a lever was worth at a time.</summary>
/// <param name="Lever">Of them.</param>
/// <param name="Of">A card or a release.</param>
/// <param name="Date">When that came.</param>
/// <param name="CostWithoutOverWith">Over 1 where it saves; null where one side keeps no promise.</param>
public sealed record LeverWorth(string Lever, string Of, string Date, double? CostWithoutOverWith);
