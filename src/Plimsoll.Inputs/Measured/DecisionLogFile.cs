using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>A decision log as measurements: its steps, one by one.</summary>
static class DecisionLogFile
{
    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        var log = new DecisionSteps();
        var steps = new List<MeasuredStep>();
        var lines = new JsonLines(source);
        while (lines.Next(out var text))
        {
            try
            {
                if (log.Take(text.ToArray()) is { } step)
                    steps.Add(step);
            }
            catch (FormatException e)
            {
                throw source.Error($"{e.Message}; expected a decision log as `plimsoll serve` writes it");
            }
        }
        return StepsFile.Input(source.Name, steps, deployment) with
        {
            Form = "decision log",
            Units = "nanoseconds in duration_ns",
        };
    }
}
