using System.Globalization;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;

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

    public static string Price(MoneyReport money) => string.Create(
        CultureInfo.InvariantCulture, $"${money.Price.UsdPerHour:0.00##} an hour each ")
        + (money.Price.AsOf is { } date ? $"({money.Price.ProviderType}, as of {date})" : "(as given)");
}
