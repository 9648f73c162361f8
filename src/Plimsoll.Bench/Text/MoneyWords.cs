using System.Globalization;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Core.Models;

namespace Plimsoll.Bench.Text;

/// <summary>What a run's dollars rest on.</summary>
public static class MoneyWords
{
    public static string Basis(BenchResult result, MoneyReport money) => string.Create(
        CultureInfo.InvariantCulture,
        $"{money.Count} × {money.Gpu} for {result.DurationS:0.#} s at {Price(money)}, ")
        + string.Create(CultureInfo.InvariantCulture,
            $"over {result.PromptTokens:N0} prompt and {result.OutputTokens:N0} output tokens of ")
        + Plural.Of(result.Completed, "answer");

    /// <summary>What a request cost, and how much of the time anything was under way.</summary>
    public static string Use(MoneyReport money) =>
        (money.UsdPerRequest is { } request
            ? string.Create(CultureInfo.InvariantCulture, $"${request:0.000000} a request; ") : "")
        + Busy(money) + ".";

    /// <summary>Of several replicas nobody outside sees which of them worked.</summary>
    public static string Busy(MoneyReport money) => string.Create(CultureInfo.InvariantCulture,
        $"busy {100 * money.BusyShare:0.0} % of the time")
        + (money.Replicas is > 1 and var replicas
            ? $": something was under way somewhere in {Plural.Of(replicas, "replica")}" : "");

    /// <summary>Whose steps are predicted behind the gap.</summary>
    public static string Steps(MoneyReport money) => money.Deployment is not { } replica
        ? "" : $"predicted steps of {replica.Model.Name} with {replica.Weights.Name()} weights and "
            + $"{replica.Kv.Name()} KV on {replica.Accelerators} × {money.Gpu}, tier {money.Tier}";

    public static string Price(MoneyReport money) => string.Create(
        CultureInfo.InvariantCulture, $"${money.Price.UsdPerHour:0.00##} an hour each ")
        + (money.Price.AsOf is { } date ? $"({money.Price.ProviderType}, as of {date})" : "(as given)");
}
