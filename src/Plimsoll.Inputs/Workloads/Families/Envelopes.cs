using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>Named weeks: <c>office</c> sleeps at night and on weekends, <c>global</c> hardly does.</summary>
static class Envelopes
{
    const int HoursPerWeek = 168;

    static readonly Lazy<Dictionary<string, EnvelopeSpec>> Named = new(() =>
    {
        using var stream = typeof(Envelopes).Assembly.GetManifestResourceStream("data/envelopes.json")
            ?? throw new InvalidOperationException("The binary lacks data/envelopes.json.");
        return JsonSerializer.Deserialize(stream, FamilyJson.Default.DictionaryStringEnvelopeSpec)!;
    });

    public static bool IsKnown(string name) => name == "flat" || Named.Value.ContainsKey(name);

    /// <summary>
    /// Demand by hour, mean 1, with the weeks of pooled tenants shifted evenly against each other.
    /// </summary>
    public static double[] Of(FamilySpec spec)
    {
        var week = spec.Hourly ?? (spec.Envelope == "flat"
            ? [1.0]
            : Named.Value.TryGetValue(spec.Envelope, out var named)
                ? named.Hourly
                : throw new BadInputException(
                    $"{spec.Name}: envelope {spec.Envelope} is unknown; expected flat, office or global"));
        if (week.Length == 1)
            return [1.0];
        if (week.Length != HoursPerWeek)
        {
            throw new BadInputException(
                $"{spec.Name}: an envelope has {week.Length} hours; expected {HoursPerWeek}");
        }

        var pooled = new double[HoursPerWeek];
        double sum = 0;
        for (var hour = 0; hour < HoursPerWeek; hour++)
        {
            for (var tenant = 0; tenant < spec.Tenants; tenant++)
            {
                // Tenants sit in time zones spread over the day.
                var shift = 24 * tenant / spec.Tenants;
                pooled[hour] += week[(hour + shift) % HoursPerWeek];
            }
            sum += pooled[hour];
        }
        for (var hour = 0; hour < HoursPerWeek; hour++)
            pooled[hour] *= HoursPerWeek / sum;
        return pooled;
    }
}
