using Podvirt.Metering.Invoices;

namespace Podvirt.Configuration;

/// <summary>Reads <c>billing</c>: who stands on the invoices.</summary>
internal static class BillingReader
{
    private const string Example = "billing: { seller: { name: Example Ltd, address: [1 Example Street, London] } }";
    private const string CustomerExample = "{ project: default, name: Customer Ltd, address: [2 Example Street] }";
    private const int LineLengthMax = 200;
    private const int LinesMax = 10;

    public static BillingParties Read(MapReader top, ConfigFindings findings)
    {
        if (top.TakeMap("billing", Example) is not { } map)
        {
            return BillingParties.None;
        }
        var seller = InvoiceParty.Nobody;
        if (map.TakeMap("seller", "seller: { name: Example Ltd, address: [1 Example Street, London] }") is { } sellerMap)
        {
            seller = ReadParty(sellerMap);
            sellerMap.Close();
        }
        var customers = new Dictionary<string, InvoiceParty>(StringComparer.Ordinal);
        foreach (var (node, path) in map.TakeList("customers", $"customers: [{CustomerExample}]"))
        {
            if (MapReader.Open(node, path, findings, CustomerExample) is not { } customer)
            {
                continue;
            }
            var project = customer.TakeRequiredText("project", "say whose customer it is: a project's id");
            if (!customers.TryAdd(project, ReadParty(customer)) && project.Length > 0)
            {
                customer.Error("project", $"'{project}' has a customer already", "keep one of the two");
            }
            customer.Close();
        }
        map.Close();
        return new BillingParties(seller, customers);
    }

    private static InvoiceParty ReadParty(MapReader map)
    {
        var name = map.TakeRequiredText("name", "write the name that stands on invoices").Trim();
        if (!IsLine(name))
        {
            map.Error("name", "is too long, or holds control characters", $"write at most {LineLengthMax} characters on one line");
        }
        var address = map.TakeTexts("address", "address: [1 Example Street, London]");
        if (address.Count > LinesMax || !address.All(IsLine))
        {
            map.Error("address", "is too long, or holds control characters", $"write at most {LinesMax} lines of at most {LineLengthMax} characters");
        }
        return new InvoiceParty(name, address);
    }

    private static bool IsLine(string text) => text.Length <= LineLengthMax && !text.Any(char.IsControl);
}
