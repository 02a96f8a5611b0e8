// System of a PicoRV32, 128 KiB of memory and an accelerator, on one Wishbone bus.
//
//   0x0000_0000  memory, whose content is read from firmware.hex
//   0x1000_0000  registers of the accelerator
//   0x2000_0000  words that are written here are printed
//   0x2000_0004  a word that is written here ends the simulation
//
// `ACCELERATOR is the name of the accelerator's module.
module system;

localparam WORDS = 32768;

reg clk = 0, rst = 1;
always #5 clk = !clk;
initial repeat (4) @(posedge clk) rst <= #1 0;

wire [31:0] address, written;
wire [3:0] select;
wire write, strobe, cycle, trap;
reg [31:0] read;

picorv32_wb #(.ENABLE_COUNTERS64(0), .STACKADDR(4 * WORDS)) cpu (
    .wb_clk_i(clk),
    .wb_rst_i(rst),
    .wbm_adr_o(address),
    .wbm_dat_o(written),
    .wbm_dat_i(read),
    .wbm_we_o(write),
    .wbm_sel_o(select),
    .wbm_stb_o(strobe),
    .wbm_cyc_o(cycle),
    .wbm_ack_i(acknowledged),
    .pcpi_wr(1'b0),
    .pcpi_rd(32'b0),
    .pcpi_wait(1'b0),
    .pcpi_ready(1'b0),
    .irq(32'b0),
    .trap(trap)
);

wire request = cycle && strobe;
wire is_accelerator = address[31:28] == 1;
wire is_console = address[31:28] == 2;

wire [31:0] accelerator_read;
wire accelerator_ack;

`ACCELERATOR accelerator (
    .clk(clk),
    .rst(rst),
    .wb_cyc(cycle && is_accelerator),
    .wb_stb(strobe),
    .wb_we(write),
    .wb_adr(address[6:2]),
    .wb_sel(select),
    .wb_dat_w(written),
    .wb_dat_r(accelerator_read),
    .wb_ack(accelerator_ack)
);

reg [31:0] memory [0:WORDS-1];
reg [31:0] memory_read;
reg memory_ack = 0;
initial $readmemh("firmware.hex", memory);

integer lane;
always @(posedge clk) begin
    memory_ack <= request && !is_accelerator && !memory_ack;
    memory_read <= memory[address[16:2]];
    if (request && write && !is_accelerator && !is_console && !memory_ack)
        for (lane = 0; lane < 4; lane = lane + 1)
            if (select[lane])
                memory[address[16:2]][8*lane +: 8] <= written[8*lane +: 8];
    if (request && write && is_console && !memory_ack) begin
        if (address[2])
            $finish;
        else
            $display("%0d", written);
    end
    if (trap) begin
        $display("the processor met what it cannot execute");
        $finish;
    end
end

wire acknowledged = is_accelerator ? accelerator_ack : memory_ack;
always @* read = is_accelerator ? accelerator_read : memory_read;

endmodule
