using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Claims;

/// <summary>The ground that every claim is tried on, and how its figures are made.</summary>
/// <param name="Costs">Of tokens.</param>
/// <param name="Large">The large model.</param>
/// <param name="Small">The small one.</param>
/// <param name="Card">Of today.</param>
/// <param name="Date">Prices as of then; null for the latest.</param>
sealed record ClaimsSetting(
    ClaimCosts Costs, ModelSpec Large, ModelSpec Small, AcceleratorSpec Card, string? Date)
{
    public AcceleratorSpec A100 { get; } = Catalogue.BuiltIn.FindAccelerator("a100_sxm");

    public AcceleratorSpec H100 { get; } = Catalogue.BuiltIn.FindAccelerator(Usual.Accelerator);

    public AcceleratorSpec B200 { get; } = Catalogue.BuiltIn.FindAccelerator("b200_sxm");

    /// <summary>What an hour of today's card costs.</summary>
    public double Today => Price(Card, Date);

    /// <summary>Dollars an hour, by the kind of provider that rents by the hour.</summary>
    public static double Price(AcceleratorSpec card, string? date) => (double)Catalogue.BuiltIn.FindPrice(
        card, date is null ? null : $"neocloud@{date}").UsdPerHour;

    /// <summary>A mean request of the workload on the large model's replica.</summary>
    public SteadyState Steady(ModelSpec model, AcceleratorSpec card, out SimulatedEngine engine)
    {
        var candidate = Costs.Of(model, card, 1).Candidate ?? Costs.Batch(model, card, 1).Candidate
            ?? throw new Core.BadInputException(
                $"{model.Name} on {card.Name}: does not fit; expected a card with more memory");
        engine = Plans.PlanTrial.Engine(candidate, Costs.Serving);
        return new SteadyState(engine, Costs.Mean);
    }

    public static ClaimFigure Cost(string name, ClaimCost cost) => new(
        name, cost.Usd, cost.Low, cost.High, "USD/M tokens", "computed",
        cost.Candidate is { } candidate ? $"tier {Name(cost.Tier)}: {candidate.Key}" : "no replica keeps it");

    /// <summary>One cost over another: on one card both err alike, on two the ends are crossed.</summary>
    public static ClaimFigure Ratio(string name, ClaimCost over, ClaimCost under)
    {
        var isOne = over.Candidate?.Deployment.Accelerator == under.Candidate?.Deployment.Accelerator;
        var (first, second) = isOne
            ? (over.Low / under.Low, over.High / under.High) : (over.Low / under.High, over.High / under.Low);
        double?[] all = [first, second, over.Usd / under.Usd];
        return new ClaimFigure(
            name, over.Usd / under.Usd, all.Min(), first is null || second is null ? null : all.Max(), "×",
            "computed", $"tiers {Name(over.Tier)} and {Name(under.Tier)}");
    }

    public static ClaimFigure Fact(string name, double value, string unit, string source) =>
        new(name, value, null, null, unit, "catalogue", source);

    public static ClaimFigure Made(string name, double? value, string unit, string source) =>
        new(name, value, null, null, unit, "computed", source);

    public static ClaimFigure Measured(string name, double low, double high, string unit, string source) =>
        new(name, low == high ? low : null, low, high, unit, "measured", source);

    public static string Sources(params AcceleratorSpec[] cards) =>
        "data/accelerators.csv: " + string.Join(", ", cards.Select(c => c.Key));

    static string Name(Tier tier) => tier.ToString().ToLowerInvariant();
}
