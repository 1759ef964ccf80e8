using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Tests.Reports;

public class ReportTests
{
    [Theory]
    [InlineData(2, new double[] { 3, 1, 2 })]
    [InlineData(2.5, new double[] { 4, 1, 2, 3 })]
    [InlineData(0, new double[0])]
    public void Median_IsTheMiddle(double expected, double[] values) => Assert.Equal(expected, Statistics.Median(values));

    [Theory]
    [InlineData(50, 50)]
    [InlineData(99, 99)]
    [InlineData(100, 100)]
    public void Percentile_IsAValueThatOccurred(double percent, double expected) =>
        Assert.Equal(expected, Statistics.Percentile(Enumerable.Range(1, 100).Select(i => (double)i), percent));

    [Theory]
    [InlineData(15, 10, nameof(Finding.Met))]
    [InlineData(15.1, 10, nameof(Finding.Missed))]
    [InlineData(1, 0, nameof(Finding.NotMeasured))]
    [InlineData(1, -3, nameof(Finding.NotMeasured))]
    public void Ratio_NeedsAYardstickAboveZero(double value, double yardstick, string expected) =>
        Assert.Equal(expected, Verdict.Ratio("delay", value, "HAProxy", yardstick, 1.5, "µs").Finding.ToString());

    [Fact]
    public void Table_AlignsFiguresToTheRight()
    {
        var table = new ReportTable("", "who", "µs");
        table.Add("HAProxy", "9.5");
        table.Add("direct", "");
        Assert.Equal(["| who     |  µs |", "|---------|----:|", "| HAProxy | 9.5 |", "| direct  |     |"], table.Lines());
    }
}
