using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using Plimsoll.Server.Ledger;

namespace Plimsoll.Cli.Terminal;

/// <summary>Forecast beside realised, class by class, as a table or as JSON.</summary>
static class ForecastText
{
    public static void Write(TextWriter output, IReadOnlyList<Realised> classes, GapPolicy gap)
    {
        var table = new TextTable("class", "requests", "tokens", "USD", "forecast USD", "ratio", "USD/M",
            "forecast USD/M", "90 %");
        foreach (var one in classes)
        {
            var price = one.Forecast;
            table.Add(price.Class + (one.Estimated ? " ~" : ""), Whole(one.Requests), Whole(one.Tokens),
                Usd(one.RealisedUsd), Usd(one.ForecastUsd), Ratio(one.Ratio),
                PerMillion(one.RealisedPerMillion), PerMillion(price.All),
                $"{PerMillion(price.Low)} to {PerMillion(price.High)}");
        }
        output.Write(table);
        var tier = classes.Count > 0 ? classes[0].Forecast.Tier : "none";
        output.WriteLine($"The forecast is the account's prices (tier {tier}) for the tokens served; "
            + $"idle time and headroom: {gap.ToString().ToLowerInvariant()}; ~ estimated.");
    }

    public static void WriteJson(TextWriter output, IReadOnlyList<Realised> classes, GapPolicy gap)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("gap", gap.ToString().ToLowerInvariant());
            writer.WriteStartArray("classes");
            foreach (var one in classes)
            {
                writer.WriteStartObject();
                writer.WriteString("class", one.Forecast.Class);
                writer.WriteString("tier", one.Forecast.Tier);
                writer.WriteNumber("requests", one.Requests);
                writer.WriteNumber("prompt_tokens", one.PromptTokens);
                writer.WriteNumber("cached_tokens", one.CachedTokens);
                writer.WriteNumber("output_tokens", one.OutputTokens);
                writer.WriteNumber("realised_usd", one.RealisedUsd);
                writer.WriteNumber("forecast_usd", one.ForecastUsd);
                Number(writer, "ratio", one.Ratio);
                Number(writer, "realised_usd_per_million_tokens", one.RealisedPerMillion);
                writer.WriteNumber("forecast_usd_per_million_tokens", one.Forecast.All);
                Number(writer, "forecast_low", one.Forecast.Low);
                Number(writer, "forecast_high", one.Forecast.High);
                writer.WriteNumber("forecast_utilisation", one.Forecast.Utilisation);
                writer.WriteString("allocation_method", one.Estimated ? "estimated" : "step");
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    static void Number(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number)
            writer.WriteNumber(name, number);
        else
            writer.WriteNull(name);
    }

    static string Whole(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    static string Usd(double value) => value.ToString("0.000000", CultureInfo.InvariantCulture);

    static string Ratio(double? value) => value?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-";

    static string PerMillion(double? value) => value?.ToString("0.000", CultureInfo.InvariantCulture) ?? "-";
}
