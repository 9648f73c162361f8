using System.Collections.Generic;
using System.Linq;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>Two answers to one prompt, in tokens, without their ends.</summary>
/// <param name="Margin">Where they part, the logits by which the trainer preferred its token to the engine's;
/// null where that is not known, since the engine's is not even its second choice.</param>
public sealed record ParityExample(
    string Prompt, IReadOnlyList<int> Trainer, IReadOnlyList<int> Engine, double? Margin = null)
{
    /// <param name="engine">With its end or without.</param>
    /// <param name="ends">Tokens that end an answer.</param>
    public static ParityExample Of(
        string prompt, GreedyAnswer trainer, IReadOnlyList<int> engine, IReadOnlyList<int> ends)
    {
        int[] said = [.. trainer.Tokens.Where(t => !ends.Contains(t))];
        int[] deployed = [.. engine.Where(t => t >= 0 && !ends.Contains(t))];
        var at = said.Zip(deployed).TakeWhile(p => p.First == p.Second).Count();
        if (at == said.Length && at == deployed.Length || at >= trainer.Tokens.Count)
            return new ParityExample(prompt, said, deployed);
        var second = trainer.RunnersUp[at];
        var isSecond = at < deployed.Length ? deployed[at] == second : ends.Contains(second);
        return new ParityExample(prompt, said, deployed, isSecond ? trainer.Margins[at] : null);
    }
}
