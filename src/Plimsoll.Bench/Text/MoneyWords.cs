using System.Globalization;
using System.Linq;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Search;
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

    /// <summary>
    /// What a token costs at the rate that a search found; null where it found none, or nobody counted. What
    /// the search itself cost is a mixture of all the rates that it tried.
    /// </summary>
    public static Estimate? AtLine(BenchResult result, MoneyReport money)
    {
        if (result.LoadLine is not { Outcome: LineOutcome.Found, Rate: { } rate } line
            || result.Completed == 0 || result.Levels.Any(level => !level.KnowsPromptTokens))
        {
            return null;
        }
        var tokens = (double)(result.PromptTokens + result.OutputTokens) / result.Completed;
        return new Estimate(At(rate), line.High is { } high ? At(high) : null,
            line is { High: not null, Low: > 0 and var low } ? At(low) : null);

        double At(double perSecond) => 1e6 * money.UsdPerHour / 3600 / (perSecond * tokens);
    }

    /// <summary>Whose steps are predicted behind the gap.</summary>
    public static string Steps(MoneyReport money) => money.Deployment is not { } replica
        ? "" : $"predicted steps of {replica.Model.Name} with {replica.Weights.Name()} weights and "
            + $"{replica.Kv.Name()} KV on {replica.Accelerators} × {money.Gpu}, tier {money.Tier}";

    public static string Price(MoneyReport money) => string.Create(
        CultureInfo.InvariantCulture, $"${money.Price.UsdPerHour:0.00##} an hour each ")
        + (money.Price.AsOf is { } date ? $"({money.Price.ProviderType}, as of {date})" : "(as given)");
}
