using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;

namespace Plimsoll.Cli.Emitted;

/// <summary>The job that runs the shards of one search on machines that share nothing but a folder.</summary>
public static class ShardScript
{
    public static Choices<string> All { get; } = new(("slurm", "slurm"), ("kubernetes", "kubernetes"));

    /// <param name="kind">One of <see cref="All"/>.</param>
    /// <param name="shards">How many.</param>
    /// <param name="arguments">The plan's command line, shard and journal left out.</param>
    public static string Of(string kind, int shards, IReadOnlyList<string> arguments) =>
        kind == "slurm" ? Slurm(shards, arguments) : Kubernetes(shards, arguments);

    static string Slurm(int shards, IReadOnlyList<string> arguments) =>
        "#!/bin/bash\n#SBATCH --job-name=plimsoll-plan\n"
        + FormattableString.Invariant($"#SBATCH --array=1-{shards}\n#SBATCH --cpus-per-task=8\n")
        + "set -euo pipefail\n"
        + $"plimsoll plan {string.Join(' ', arguments.Select(Quoted))} \\\n"
        + FormattableString.Invariant($"  --shards \"${{SLURM_ARRAY_TASK_ID}}/{shards}\" ")
        + "--journal \"plan-${SLURM_ARRAY_TASK_ID}.jsonl\"\n"
        + "# then: plimsoll plan merge plan-*.jsonl\n";

    static string Kubernetes(int shards, IReadOnlyList<string> arguments) =>
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: plimsoll-plan\nspec:\n"
        + FormattableString.Invariant($"  completionMode: Indexed\n  completions: {shards}\n")
        + FormattableString.Invariant($"  parallelism: {shards}\n")
        + "  template:\n    spec:\n      restartPolicy: OnFailure\n      containers:\n"
        + "        - name: plan\n          image: IMAGE-WITH-PLIMSOLL\n          command: [sh, -c]\n"
        + "          args:\n            - |\n"
        + "              shard=$((JOB_COMPLETION_INDEX + 1))\n"
        + $"              plimsoll plan {string.Join(' ', arguments.Select(Quoted))} \\\n"
        + FormattableString.Invariant($"                --shards \"$shard/{shards}\" ")
        + "--journal \"/shared/plan-$shard.jsonl\"\n"
        + "          volumeMounts: [{name: shared, mountPath: /shared}]\n"
        + "      volumes: [{name: shared, persistentVolumeClaim: {claimName: plimsoll-plan}}]\n"
        + "# then: plimsoll plan merge /shared/plan-*.jsonl\n";

    static string Quoted(string word) =>
        word.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or ',' or '=' or '@')
            ? word : $"'{word.Replace("'", "'\\''")}'";
}
