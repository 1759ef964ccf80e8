using System.Globalization;
using Podvirt.Core.Projects;

namespace Podvirt.Core.Tests.Projects;

public class UtcMonthTests
{
    [Theory]
    [InlineData("2026-01-01T00:00:00Z", "2026-01-01", "2026-02-01")]
    [InlineData("2026-01-31T23:59:59.9999999Z", "2026-01-01", "2026-02-01")]
    [InlineData("2028-02-29T23:59:59.9999999Z", "2028-02-01", "2028-03-01")]
    [InlineData("2100-02-28T23:59:59Z", "2100-02-01", "2100-03-01")]
    [InlineData("2026-12-31T23:59:59Z", "2026-12-01", "2027-01-01")]
    [InlineData("1969-12-31T23:59:59Z", "1969-12-01", "1970-01-01")]
    // Elsewhere it is another month already; UTC decides.
    [InlineData("2026-02-01T00:30:00+01:00", "2026-01-01", "2026-02-01")]
    [InlineData("2026-01-31T23:30:00-01:00", "2026-02-01", "2026-03-01")]
    public void Moment_FallsInItsUtcMonth(string moment, string start, string end)
    {
        var month = UtcMonth.Of(Time(moment));
        Assert.Equal((Time(start), Time(end)), (month.Start, month.End));
        Assert.Equal(month, UtcMonth.Of(month.Start));
        Assert.Equal(month.Next, UtcMonth.Of(month.End));
        Assert.Equal(month, month.Next.Before);
    }

    [Fact]
    public void Months_AreInOrder()
    {
        var (a, b) = (UtcMonth.Of(Time("2026-12-01")), UtcMonth.Of(Time("2027-01-01")));
        Assert.True(a < b && b > a && a <= b && b >= a && a.CompareTo(b) < 0);
    }

    [Fact]
    public void NamedModel_HasItsOwnLimit_AndOthersTheDefault()
    {
        var limits = new ModelLimits(100, new Dictionary<string, long> { ["big"] = 5 });
        Assert.Equal((5L, 100L), (limits.Of("big"), limits.Of("small")));
        Assert.Null(ModelLimits.None.Of("big"));
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
