using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core.Measures;

namespace Plimsoll.Reports;

/// <summary>
/// What the page draws, as JSON for other programs: account, curves, sweep, week, parameters.
/// </summary>
static class ReportData
{
    public static string Of(ReportModel model)
    {
        var classes = new JsonArray();
        foreach (var c in model.Account.Classes)
        {
            classes.Add((JsonNode)new JsonObject
            {
                ["class"] = c.Class,
                ["usdPerMillionTokens"] = c.Cost.UsdPerMillionTokens,
                ["low"] = c.Interval.Low,
                ["high"] = c.Interval.High,
                ["loadLineRequestsPerSecond"] = c.LoadLine.RequestsPerSecond,
                ["replicas"] = c.Fleet.Replicas,
                ["accelerators"] = c.Fleet.Accelerators,
                ["waterfall"] = new JsonObject(c.Waterfall.Select(
                    b => new System.Collections.Generic.KeyValuePair<string, JsonNode?>(
                        b.Step, b.UsdPerMillionTokens))),
            });
        }
        var data = new JsonObject
        {
            ["schema"] = "plimsoll/report/1",
            ["command"] = model.Command,
            ["version"] = model.Version,
            ["inputHash"] = model.InputHash,
            ["classes"] = classes,
            ["costCurves"] = new JsonArray([.. model.CostCurves.Select(c => new JsonObject
            {
                ["metric"] = c.Metric.Name(),
                ["percentile"] = c.Percentile,
                ["points"] = new JsonArray([.. c.Points.Select(p => new JsonObject
                {
                    ["limitMs"] = p.LimitMs, ["usdPerMillionTokens"] = p.UsdPerMillionTokens,
                    ["low"] = p.Low, ["high"] = p.High, ["loadLine"] = p.LoadLine,
                })]),
            })]),
            ["interactivity"] = new JsonArray([.. model.Interactivity.Select(p => new JsonObject
            {
                ["requestsPerSecond"] = p.RequestsPerSecond,
                ["tokensPerSecondAndUser"] = p.TokensPerSecondAndUser,
                ["tokensPerSecondAndAccelerator"] = p.TokensPerSecondAndAccelerator,
            })]),
            ["week"] = new JsonArray([.. (model.Week?.Shares ?? []).Select(s => JsonValue.Create(s))]),
            ["levers"] = new JsonArray([.. model.Credits.Select(c => new JsonObject
            {
                ["name"] = c.Name, ["usdPerMillionTokens"] = c.UsdPerMillionTokens,
                ["low"] = c.Interval?.Low, ["high"] = c.Interval?.High,
                ["explanation"] = c.Explanation,
            })]),
            ["parameters"] = new JsonArray([.. model.Parameters.Select(p => new JsonObject
            {
                ["name"] = p.Name, ["value"] = p.Value, ["unit"] = p.Unit,
            })]),
        };
        // The default encoder writes < and & as escapes, so that no text ends the element that holds it.
        return data.ToJsonString(new JsonSerializerOptions());
    }
}
