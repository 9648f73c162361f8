using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;
using Plimsoll.Tuning.Deployment;

namespace Plimsoll.Server.Rollout;

/// <summary>What an operator asks for: a candidate's way into a task's traffic.</summary>
public sealed record RolloutSpec
{
    static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

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

    /// <exception cref="BadInputException">A key that is missing, unknown or of the wrong kind.</exception>
    public static RolloutSpec Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<RolloutSpec>(json, _options)!;
        }
        catch (JsonException e)
        {
            throw new BadInputException($"rollout: {e.Message.Split(" Path:")[0].TrimEnd('.')}");
        }
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
