using System.Collections.Generic;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Planning.Validation.Analytic;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// The validation as JSON: with every point for a reader, rows alone for the checked-in copy.
/// </summary>
public static class ValidationJson
{
    public const string Schema = "plimsoll/validate/1";

    static readonly ValidationJsonContext Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<ErrorStatistic>(JsonNamingPolicy.CamelCase) },
    });

    public static string Of(ValidationReport report, bool withPoints = true)
    {
        var sets = new List<SetDocument>();
        foreach (var set in report.Sets)
        {
            sets.Add(new SetDocument(
                set.Name, set.Title, set.Source, set.Fitted, set.HeldOut, set.Assumed, set.Dropped,
                set.Published, set.Rows,
                withPoints ? set.Points : null));
        }
        var absent = new List<string>();
        foreach (var (name, _) in report.Absent)
            absent.Add(name);
        var document = new ValidationDocument(Schema, report.Passes, report.Analytic, sets, absent);
        return JsonSerializer.Serialize(document, Context.ValidationDocument) + "\n";
    }

    /// <summary>Medians by set, split and figure, of a document that <see cref="Of"/> wrote.</summary>
    public static IReadOnlyDictionary<(string Set, string Split, string Figure), double> Medians(string json)
    {
        var medians = new Dictionary<(string, string, string), double>();
        using var document = JsonDocument.Parse(json);
        foreach (var set in document.RootElement.GetProperty("sets").EnumerateArray())
        {
            foreach (var row in set.GetProperty("rows").EnumerateArray())
            {
                medians.Add(
                    (set.GetProperty("name").GetString()!, row.GetProperty("split").GetString()!,
                        row.GetProperty("figure").GetString()!),
                    row.GetProperty("medianPercent").GetDouble());
            }
        }
        return medians;
    }
}

sealed record SetDocument(
    string Name, string Title, string Source, string Fitted, string HeldOut, IReadOnlyList<string> Assumed,
    SortedDictionary<string, int> Dropped, IReadOnlyList<PublishedError> Published,
    IReadOnlyList<ValidationRow> Rows,
    [property: JsonIgnore(
        Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ValidationPoint>? Points);

sealed record ValidationDocument(
    string Schema, bool Passes, IReadOnlyList<AnalyticCheck> Analytic, IReadOnlyList<SetDocument> Sets,
    IReadOnlyList<string> Absent);

[JsonSerializable(typeof(ValidationDocument))]
sealed partial class ValidationJsonContext : JsonSerializerContext;
