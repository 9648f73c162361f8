using System.Collections.Generic;

namespace Plimsoll.Planning.Claims;

/// <summary>Claims about serving costs, recomputed: <c>docs/reference/claims.schema.json</c>.</summary>
public sealed record ClaimsDocument(string Schema, ClaimsGround Ground, IReadOnlyList<ClaimRow> Claims);

/// <summary>What the figures stand on.</summary>
/// <param name="Model">The large model.</param>
/// <param name="SmallModel">The one that a narrow task moves to.</param>
/// <param name="Gpu">The card of today.</param>
/// <param name="Date">Prices as of then; null for the latest.</param>
/// <param name="Workload">Traffic of interactive and of batch figures.</param>
/// <param name="Promise">Of interactive figures.</param>
public sealed record ClaimsGround(
    string Model, string SmallModel, string Gpu, string? Date, string Workload,
        IReadOnlyList<string> Promise);

/// <summary>One claim.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Claim">In our words.</param>
/// <param name="Place">Where the essay says it.</param>
/// <param name="Figures">What was found.</param>
/// <param name="Verdict">holds, holds if, does not hold, not settled.</param>
/// <param name="Because">The condition, or the reason.</param>
public sealed record ClaimRow(
    int Number, string Claim, string Place, IReadOnlyList<ClaimFigure> Figures, string Verdict,
        string Because);

/// <summary>A figure under a claim.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">Null where it cannot be had.</param>
/// <param name="Low">Low end of its 90 % interval or range; null where it has none.</param>
/// <param name="High">High end.</param>
/// <param name="Unit">Of the value.</param>
/// <param name="Basis">computed, catalogue or measured.</param>
/// <param name="Source">Rows, tier or publication.</param>
public sealed record ClaimFigure(
    string Name, double? Value, double? Low, double? High, string Unit, string Basis, string Source);
