namespace Podvirt.Scheduler.Idle;

/// <summary>At which times of day a model was used of late, by quarters of an hour (UTC). For those who start it ahead.</summary>
internal sealed class DayProfile
{
    /// <summary>Used in this quarter of an hour more often than not: two days in a row are enough, two days without end it.</summary>
    public const double Likely = 0.5;

    private const int SlotsPerDay = 96;

    // What a day counts beside those before it.
    private const double Fresh = 0.3;

    private readonly float[] _chances = new float[SlotsPerDay];
    private readonly int[] _days = new int[SlotsPerDay];

    /// <summary>It is in use at this moment.</summary>
    public void Used(DateTimeOffset at)
    {
        var (day, slot) = Split(at);
        if (_days[slot] != day)
        {
            _chances[slot] = (float)((Fade(slot, day) * (1 - Fresh)) + Fresh);
            _days[slot] = day;
        }
    }

    /// <summary>How likely it is used in the quarter of an hour of this moment.</summary>
    public double Chance(DateTimeOffset at)
    {
        var (day, slot) = Split(at);
        return _days[slot] == day ? _chances[slot] : Fade(slot, day);
    }

    /// <summary>The days since it was last used in this slot count against it; today is not over.</summary>
    private double Fade(int slot, int day) => _chances[slot] * Math.Pow(1 - Fresh, Math.Max(0, day - _days[slot] - 1));

    private static (int Day, int Slot) Split(DateTimeOffset at)
    {
        var minutes = at.ToUnixTimeSeconds() / 60;
        return ((int)(minutes / (24 * 60)), (int)(minutes % (24 * 60) / (24 * 60 / SlotsPerDay)));
    }
}
