namespace Podvirt.ClickHouseHost;

/// <summary>What goes wrong on order. Tests set it with <c>PUT /faults</c>; each order replaces the one before.</summary>
/// <param name="RefuseInserts">So many of the next inserts are refused, as with too many parts.</param>
/// <param name="CutInserts">Of so many of the next inserts the connection is cut when they are done: the client cannot know that they are.</param>
/// <param name="ReadOnly">Nothing may be written.</param>
/// <param name="SlowMs">Every statement waits so many milliseconds first.</param>
/// <param name="Hangs">No statement is answered.</param>
internal sealed record Faults(int RefuseInserts = 0, int CutInserts = 0, bool ReadOnly = false, int SlowMs = 0, bool Hangs = false);

/// <summary>Gives each fault to as many statements as were ordered.</summary>
internal sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private Faults _faults = new();

    public void Set(Faults faults)
    {
        lock (_lock)
        {
            _faults = faults;
        }
    }

    /// <summary>The faults of the next statement; those that are counted are 1 or 0.</summary>
    public Faults Next(bool isInsert)
    {
        lock (_lock)
        {
            var now = isInsert ? _faults : _faults with { RefuseInserts = 0, CutInserts = 0 };
            var refused = Math.Min(now.RefuseInserts, 1);
            var cut = refused > 0 ? 0 : Math.Min(now.CutInserts, 1);
            _faults = _faults with { RefuseInserts = _faults.RefuseInserts - refused, CutInserts = _faults.CutInserts - cut };
            return now with { RefuseInserts = refused, CutInserts = cut };
        }
    }
}
