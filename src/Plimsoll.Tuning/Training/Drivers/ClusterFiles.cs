namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>What hands a script to a cluster: a Slurm batch file, a Kubeflow TrainJob.</summary>
static class ClusterFiles
{
    /// <summary>
    /// For <c>sbatch --parsable</c>; the job's state is read by <c>squeue</c> and <c>sacct</c>.
    /// </summary>
    public static string Sbatch(TrainingSpec spec) => $$"""
        #!/bin/bash
        #SBATCH --job-name=plimsoll-{{spec.Hash[..12]}}
        #SBATCH --nodes=1
        #SBATCH --ntasks=1
        #SBATCH --cpus-per-task={{spec.Threads}}
        #SBATCH --output=slurm-%j.log
        #SBATCH --open-mode=append
        #SBATCH --requeue
        # GPUs, time and partition are the site's: give them to sbatch.
        set -eu
        cd "$SLURM_SUBMIT_DIR"
        srun ${PLIMSOLL_PYTHON:-python3} train.py
        touch adapter.done

        """.Replace("\r\n", "\n");

    public static string TrainJobName(TrainingSpec spec) => $"plimsoll-{spec.Hash[..12]}";

    /// <summary>For the Kubeflow Trainer; the image holds TRL and mounts the folder at /workspace.</summary>
    public static string TrainJob(TrainingSpec spec) => $"""
        apiVersion: trainer.kubeflow.org/v1alpha1
        kind: TrainJob
        metadata:
          name: {TrainJobName(spec)}
          annotations:
            plimsoll.dev/spec-sha256: {spec.Hash}
        spec:
          runtimeRef:
            name: torch-distributed
          trainer:
            image: plimsoll-trl:latest
            command: [torchrun, /workspace/train.py]
            numNodes: 1

        """.Replace("\r\n", "\n");
}
