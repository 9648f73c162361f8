namespace Plimsoll.Bench.Load;

/// <summary>A load whose time zero is a moment of the run's clock.</summary>
public sealed class ShiftedLoad(ILoadSource load, long startNs) : ILoadSource
{
    public bool TryPeek(out long atNs)
    {
        var any = load.TryPeek(out atNs);
        atNs += startNs;
        return any;
    }

    public void Take(out PlannedRequest request)
    {
        load.Take(out request);
        request.AtNs += startNs;
    }

    public void Finished(int level, int session, long nowNs) =>
        load.Finished(level, session, nowNs - startNs);
}
