using System;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Training;

/// <summary>What a run may cost: it is stopped once it has cost more, or is foretold to.</summary>
/// <param name="usd">Null: as much as it costs.</param>
sealed class RunBudget(double? usd, double? usdPerHour)
{
    // The first steps are the slowest, and foretell too much.
    const int FirstSteps = 5;

    int _steps;

    /// <exception cref="BadInputException">Above the budget.</exception>
    public void Check(TrainerEvent e)
    {
        if (usd is not { } budget || usdPerHour is not { } price || e.Kind != "step")
            return;
        _steps++;
        var spent = e.Seconds!.Value / 3600 * price;
        var left = _steps < FirstSteps ? 0 : e.UsdLeft ?? 0;
        if (spent + left > budget)
        {
            throw new BadInputException(FormattableString.Invariant(
                $"this run has cost ${spent:G2} by step {e.Step} of {e.Steps} and would cost ${
                    left:G2} more; expected at most the budget of ${budget:G4}"));
        }
    }
}
