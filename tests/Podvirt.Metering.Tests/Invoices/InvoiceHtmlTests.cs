using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Invoices.Formats;

namespace Podvirt.Metering.Tests.Invoices;

public sealed class InvoiceHtmlTests
{
    private static readonly UtcMonth _october = Month("2026-10");

    [Fact]
    public void FinalInvoice_ShowsAllThatIsOwed()
    {
        var html = InvoiceHtml.Write(Sample());

        foreach (var text in (string[])[
            "No. 000042", "Example Inference Ltd", "Example Customer GmbH", "Research (research)", "2026-10-01 – 2026-10-31 (UTC)", "2026-11-02 00:00 UTC",
            "1,234,567,890", "123.46", "123.456789000000", "−0.40", "−0.400000000000", "rate v1 → v2", "of September 2026", "Not charged: gpu time of cold starts", "3,661.5",
            "halves to the even one", "12 of the requests came without counts", "2 requests of earlier months"])
        {
            Assert.Contains(text, html, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("draft", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Draft_SaysSo()
    {
        var html = InvoiceHtml.Write(Sample() with { Number = null, IssuedAt = null });

        Assert.Contains("<h1>Draft invoice</h1>", html, StringComparison.Ordinal);
        Assert.Contains("October 2026 so far", html, StringComparison.Ordinal);
        Assert.Contains("Final from", html, StringComparison.Ordinal);
    }

    [Fact]
    public void WhateverTextsHold_NothingOfThemIsMarkup()
    {
        const string Evil = "<script>alert(1)</script>\"'&";
        var html = InvoiceHtml.Write(Sample() with
        {
            Project = Evil,
            ProjectName = Evil,
            Seller = new InvoiceParty(Evil, [Evil]),
            Customer = new InvoiceParty(Evil, [Evil]),
            Lines = [InvoiceLine.Of(InvoiceLineType.Usage, _october, Evil, UsageKind.Prompt, 1, null, 1, 1)],
        });

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void NothingUsed_IsSaid() => Assert.Contains("Nothing was used that has a count.", InvoiceHtml.Write(Sample() with { Lines = [] }), StringComparison.Ordinal);

    [Fact]
    public void Csv_QuotesWhatWouldBreakIt()
    {
        var line = InvoiceLine.Of(InvoiceLineType.Rerating, _october, "a,\"b\"\n", UsageKind.Video, 2, 1, 1_500_000, -7);

        Assert.Equal(
            "000042,final,research,2026-10,rerating,2026-10,\"a,\"\"b\"\"\n\",video_second,2,1,1.500000,video_second,-0.000007,-0.000010500000,0.00,USD",
            InvoiceCsv.Write(Sample() with { Lines = [line] }).Split("\r\n")[1]);
    }

    [Theory]
    [InlineData(0, "0.00")]
    [InlineData(-1, "-0.01")]
    [InlineData(123456, "1234.56")]
    [InlineData(long.MinValue, "-92233720368547758.08")]
    public void Cents_AreWrittenAsDollars(long cents, string expected) => Assert.Equal(expected, InvoiceText.Amount(cents));

    private static Invoice Sample() => new(
        42, "research", _october, _october.End + Invoice.Delay,
        new InvoiceParty("Example Inference Ltd", ["1 Example Street", "London EC1A 1AA", "United Kingdom"]),
        new InvoiceParty("Example Customer GmbH", ["Beispielstraße 7", "10115 Berlin", "Germany"]),
        48_210, 12, 2,
        [
            Line(InvoiceLineType.Usage, _october, "qwen3-32b", UsageKind.Prompt, 1, null, 1_234_567_890, 100_000),
            Line(InvoiceLineType.Usage, _october, "qwen3-32b", UsageKind.Cached, 1, null, 411_522_630, 20_000),
            Line(InvoiceLineType.Usage, _october, "qwen3-32b", UsageKind.Completion, 1, null, 98_765_432, 300_000),
            Line(InvoiceLineType.Usage, _october, "qwen3-32b", UsageKind.Completion, 2, null, 12_345_678, 250_000),
            Line(InvoiceLineType.Usage, _october, "qwen/qwen3-coder-30b", UsageKind.Prompt, 1, null, 88_000_123, 70_000),
            Line(InvoiceLineType.Usage, _october, "qwen/qwen3-coder-30b", UsageKind.Completion, 1, null, 4_000_001, 270_000),
            Line(InvoiceLineType.Usage, _october, "qwen3-embedding-8b", UsageKind.Embedding, 1, null, 5_500_000, 10_000),
            Line(InvoiceLineType.Usage, _october, "wan2.2-t2v", UsageKind.Video, 1, null, 125_500_000, 40_000),
            Line(InvoiceLineType.LateUsage, Month("2026-09"), "qwen3-32b", UsageKind.Prompt, 1, null, 4_096, 100_000),
            Line(InvoiceLineType.LateUsage, Month("2026-09"), "qwen3-32b", UsageKind.Completion, 1, null, 900, 300_000),
            Line(InvoiceLineType.Rerating, Month("2026-09"), "qwen3-32b", UsageKind.Completion, 2, 1, 8_000_000, -50_000),
            Line(InvoiceLineType.ColdStart, _october, "qwen3-32b", null, 0, null, 3_661_500_000, 0),
        ])
    {
        ProjectName = "Research",
    };

    private static InvoiceLine Line(
        InvoiceLineType type, UtcMonth month, string model, UsageKind? kind, int version, int? old, long quantity, long unit) =>
        InvoiceLine.Of(type, month, model, kind, version, old, quantity, unit);

    private static UtcMonth Month(string text) => UtcMonth.TryParse(text, out var month) ? month : throw new ArgumentException("no month", nameof(text));
}
