using Podvirt.Core.Projects;
using Podvirt.Gateway.Admission;

namespace Podvirt.Gateway.Tests.Admission;

public sealed class MonthMeterTests
{
    private static readonly UtcMonth s_january = UtcMonth.Of(new DateTimeOffset(2028, 1, 31, 23, 59, 59, TimeSpan.Zero));
    private static readonly UtcMonth s_february = s_january.Next;

    private readonly MonthMeter _meter = new() { Limit = 100 };

    [Fact]
    public void NextMonth_BeginsAtZero_WhileHeldStaysHeld()
    {
        _meter.Use(s_january, 90);
        _meter.Reserve(10);
        Assert.Equal((Int128)0, _meter.FreeIn(s_january));
        Assert.Equal((Int128)90, _meter.FreeIn(s_february));
    }

    [Fact]
    public void ClockSetBackOverAMonthsEnd_FindsBothMonths()
    {
        _meter.Use(s_january, 40);
        _meter.Use(s_february, 7);
        _meter.Use(s_january, 5);
        _meter.Use(s_february, 3);
        Assert.Equal((45, 10), ((int)_meter.UsedIn(s_january), (int)_meter.UsedIn(s_february)));
    }

    [Fact]
    public void ClockFromFarAway_StartsAnew_AndLimitsAllTheSame()
    {
        var far = new UtcMonth(s_january.Number + 120);
        _meter.Use(far, 100);
        _meter.Use(s_january, 60);
        Assert.Equal((Int128)40, _meter.FreeIn(s_january));
        Assert.Equal((Int128)0, _meter.UsedIn(far));
    }

    [Fact]
    public void MonthsLeftOut_AreForgotten()
    {
        _meter.Use(s_january, 60);
        _meter.Use(s_february.Next, 1);
        Assert.Equal((Int128)0, _meter.UsedIn(s_february));
        Assert.Equal((Int128)1, _meter.UsedIn(s_february.Next));
    }

    [Fact]
    public void WithoutALimit_EverythingIsFree()
    {
        _meter.Limit = null;
        _meter.Use(s_january, long.MaxValue);
        Assert.True(_meter.FreeIn(s_january) > long.MaxValue);
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("0.000000000001", "1")]
    [InlineData("25", "25000000000000")]
    [InlineData("1000000000000", "1000000000000000000000000")]
    [InlineData("999999999999.999999999999", "999999999999999999999999")]
    public void Budget_IsExact(string usd, string pico) =>
        Assert.Equal(Int128.Parse(pico, null), MoneyLimit.ToPico(decimal.Parse(usd, System.Globalization.CultureInfo.InvariantCulture)));
}
