using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;
using Plimsoll.Server.Serving;
using Plimsoll.Tuning.Deployment;

namespace Plimsoll.Server.Rollout;

/// <summary>What an operator asks for: a candidate's way into a task's traffic.</summary>
public sealed record RolloutSpec
{
    static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    static readonly string[] _keys = ["task", "model", "production", "candidate", "path", "production_path",
        "labels", "shares", "shadow_requests", "stage_requests", "error", "guards"];

    /// <summary>Name that requests use as their model.</summary>
    public required string Task { get; init; }

    /// <summary>Served model that the candidate's adapter belongs to.</summary>
    public required string Model { get; init; }

    /// <summary>Who answers now; what the task has by an earlier rollout, or <see cref="Model"/>.</summary>
    public string? Production { get; init; }

    /// <summary>Name of the candidate: one for each content, never used again for another.</summary>
    public required string Candidate { get; init; }

    /// <summary>Adapter file as the engine sees it; needed unless the candidate is served already.</summary>
    public string? Path { get; init; }

    /// <summary>Likewise of <see cref="Production"/>, where it is an adapter; known from an earlier
    /// rollout.</summary>
    public string? ProductionPath { get; init; }

    /// <summary>Answers that are valid, for the guard <c>invalid</c>; null: any.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    public IReadOnlyList<int>? Shares { get; init; }

    public int? ShadowRequests { get; init; }

    public int? StageRequests { get; init; }

    public double? Error { get; init; }

    public IReadOnlyList<Guard>? Guards { get; init; }

    /// <exception cref="ApiException">A key that is missing, unknown or of the wrong kind.</exception>
    public static RolloutSpec Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonBody.Parse(json);
        var body = document.RootElement;
        foreach (var property in body.EnumerateObject())
        {
            if (Array.IndexOf(_keys, property.Name) < 0)
            {
                throw ApiException.Bad($"Unknown parameter: '{property.Name}'; expected one of "
                    + string.Join(", ", _keys) + ".", property.Name, "unknown_parameter");
            }
        }
        return new RolloutSpec
        {
            Task = body.Required("task"),
            Model = body.Required("model"),
            Production = body.Text("production"),
            Candidate = body.Required("candidate"),
            Path = body.Text("path"),
            ProductionPath = body.Text("production_path"),
            Labels = List(body, "labels", label => label.ValueKind == JsonValueKind.String
                ? label.GetString()! : throw JsonBody.Wrong("labels", label, "strings")),
            Shares = List(body, "shares", share =>
                share.ValueKind == JsonValueKind.Number && share.TryGetInt32(out var parts)
                ? parts : throw JsonBody.Wrong("shares", share, "integers")),
            ShadowRequests = body.Whole("shadow_requests", 0, int.MaxValue),
            StageRequests = body.Whole("stage_requests", 0, int.MaxValue),
            Error = body.Number("error", 0, 1),
            Guards = List(body, "guards", guard => guard.ValueKind == JsonValueKind.Object
                ? new Guard(guard.Required("metric"), guard.Number("margin", -1, 1)
                    ?? throw ApiException.Bad("Missing required parameter: 'guards.margin'.", "guards",
                        "missing_required_parameter"), guard.Number("most", 0, 1))
                : throw JsonBody.Wrong("guards", guard, "objects")),
        };
    }

    static List<T>? List<T>(JsonElement body, string name, Func<JsonElement, T> read)
    {
        if (body.Array(name) is not { } array)
            return null;
        var list = new List<T>();
        foreach (var one in array.EnumerateArray())
            list.Add(read(one));
        return list;
    }

    public string Write() => JsonSerializer.Serialize(this, _options);

    /// <param name="promisesTtft">Whether the level of the task's requests promises a first token.</param>
    /// <exception cref="BadInputException">A plan that cannot be followed, or that could never
    /// end.</exception>
    public PromotionPlan Plan(bool promisesTtft)
    {
        var usual = new PromotionPlan();
        var guards = Guards ?? [.. usual.Guards.Where(g => IsMeasured(g.Metric, promisesTtft))];
        if (guards.FirstOrDefault(g => !IsMeasured(g.Metric, promisesTtft)) is { } blind)
        {
            throw new BadInputException($"guard {blind.Metric}: not measured for this task; expected errors, "
                + "invalid with labels, late with a promised ttft");
        }
        return new PromotionPlan
        {
            Shares = Shares ?? usual.Shares,
            ShadowRequests = ShadowRequests ?? usual.ShadowRequests,
            StageRequests = StageRequests ?? usual.StageRequests,
            Error = Error ?? usual.Error,
            Guards = guards,
        }.Validated();
    }

    bool IsMeasured(string metric, bool promisesTtft) => metric switch
    {
        "errors" => true,
        "invalid" => Labels is not null,
        "late" => promisesTtft,
        _ => false,
    };
}
