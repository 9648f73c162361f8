using System.Collections.Generic;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core.Accounts;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The account as JSON of the schema published in <c>docs/reference/account.schema.json</c>.
/// </summary>
public static class AccountJson
{
    public const string Schema = "plimsoll/account/1";

    /// <param name="result">The account.</param>
    /// <param name="levers">What would lower its interactive bill, each alone.</param>
    /// <param name="notes">What the figures rest on beyond the tier, one sentence each.</param>
    public static string Of(
        AccountResult result, IReadOnlyList<Credit> levers, IReadOnlyList<string> notes)
    {
        var document = new AccountDocument(
            Schema, result.Statement, result.Classes, result.InteractiveOverBatch, result.Ratio, levers,
            notes)
        {
            Backfill = result.Backfill,
        };
        var context = new AccountJsonContext(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        return JsonSerializer.Serialize(document, context.AccountDocument) + "\n";
    }
}

sealed record AccountDocument(
    string Schema, Statement Statement, IReadOnlyList<ClassAccount> Classes, double? InteractiveOverBatch,
    RatioStatement Ratio, IReadOnlyList<Credit> Levers, IReadOnlyList<string> Notes)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BackfillStatement? Backfill { get; init; }
}

[JsonSerializable(typeof(AccountDocument))]
sealed partial class AccountJsonContext : JsonSerializerContext;
