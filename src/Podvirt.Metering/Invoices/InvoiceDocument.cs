using System.Text.Json;
using System.Text.Json.Serialization;
using Podvirt.Core.Projects;

namespace Podvirt.Metering.Invoices;

/// <summary>A final invoice as it is kept.</summary>
internal static class InvoiceDocument
{
    private static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // What follows from the rest is not kept.
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower), new MonthConverter() },
    };

    public static string Write(Invoice invoice) => JsonSerializer.Serialize(invoice, _options);

    /// <exception cref="JsonException">Not an invoice.</exception>
    public static Invoice Read(string document) => JsonSerializer.Deserialize<Invoice>(document, _options) ?? throw new JsonException("an invoice is null");

    private sealed class MonthConverter : JsonConverter<UtcMonth>
    {
        public override UtcMonth Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            UtcMonth.TryParse(reader.GetString() ?? "", out var month) ? month : throw new JsonException("not a month");

        public override void Write(Utf8JsonWriter writer, UtcMonth value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
