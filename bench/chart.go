package bench

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// bar is one line of a bar chart.
type bar struct {
	label string
	text  string // behind the bar
	group Group
	stat  *Stat
	mark  float64 // a second value, drawn as a line across; 0: none
}

// curve is one line of a line chart, with a value for each position; NaN where
// there is none.
type curve struct {
	label  string
	values []float64
}

// chart is one chart: bars, or curves over positions.
type chart struct {
	title  string
	unit   string
	bars   []bar
	at     []int // positions
	along  string
	curves []curve
}

// Sizes, in pixels.
const (
	chartWidth  = 960
	labelWidth  = 190
	valueWidth  = 150
	barHeight   = 14
	barPitch    = 20
	chartTop    = 48
	axisHeight  = 34
	curveHeight = 220
)

// chartStyle is for light and dark surroundings. The first group's colour is
// the first, and so on.
const chartStyle = `<style>
.wb{font:12px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}
.wb .t{font-size:15px;font-weight:600}.wb .s{fill:#59636e}
.wb .g{stroke:#d1d9e0;stroke-width:1}.wb .w{stroke:#1f2328;stroke-width:1.2;fill:none}.wb .f{stroke:#cf222e;stroke-width:2}
.wb .c0{fill:#0969da;stroke:#0969da}.wb .c1{fill:#1a7f37;stroke:#1a7f37}.wb .c2{fill:#9a6700;stroke:#9a6700}.wb .c3{fill:#8250df;stroke:#8250df}
.wb .c4{fill:#bc4c00;stroke:#bc4c00}.wb .c5{fill:#bf3989;stroke:#bf3989}.wb .c6{fill:#57606a;stroke:#57606a}
.wb .l{fill:none;stroke-width:2}
@media (prefers-color-scheme:dark){.wb{fill:#f0f6fc}.wb .s{fill:#9198a1}.wb .g{stroke:#3d444d}.wb .w{stroke:#f0f6fc}}
</style>
`

const colours = 7

// WriteSVG draws the report's figures, for light and dark surroundings.
func (r *Report) WriteSVG(w io.Writer) error {
	_, err := io.WriteString(w, r.svg())
	return err
}

func (r *Report) svg() string {
	var body strings.Builder
	y := 0
	for _, c := range r.charts() {
		fmt.Fprintf(&body, "<g transform=\"translate(0 %d)\">\n", y)
		y += c.draw(&body)
		body.WriteString("</g>\n")
	}
	if y == 0 {
		body.WriteString("<text x=\"8\" y=\"20\">nothing was measured</text>\n")
		y = 32
	}
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wb\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n",
		chartWidth, y, chartWidth, y) + chartStyle + body.String() + "</svg>\n"
}

// charts are those that fit the report.
func (r *Report) charts() []chart {
	if r.Kind == KindProgram {
		return r.programCharts()
	}
	c := chart{title: "Cost of a call, nanoseconds (log scale)", unit: "ns"}
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Group == GroupFloor || f.Stat == nil {
			continue
		}
		b := bar{label: f.Name, text: short(f.Stat.Median), group: f.Group, stat: f.Stat}
		if f.Ratio != nil && f.Name != f.Base {
			b.text += " (x " + short(f.Ratio.Median) + ")"
		}
		if f.Over != nil && f.Over.Median > 0 {
			b.mark = f.Stat.Median / f.Over.Median
			c.title = "Cost of a call, nanoseconds (log scale); red: the same work with nothing around it"
		}
		c.bars = append(c.bars, b)
	}
	if len(c.bars) == 0 {
		return nil
	}
	return []chart{c}
}

// scale maps values to pixels, in powers of ten.
type scale struct{ low, high, from, to float64 }

// logScale holds all values; those that have no logarithm are left out.
func logScale(values []float64, from, to float64) scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v > 0 && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high {
		low, high = 1, 10
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if low == high {
		high++
	}
	return scale{low, high, from, to}
}

func (s scale) at(v float64) float64 {
	part := (math.Log10(max(v, math.Pow(10, s.low))) - s.low) / (s.high - s.low)
	return s.from + min(part, 1)*(s.to-s.from)
}

// ticks are the powers of ten.
func (s scale) ticks() []float64 {
	var list []float64
	for e := s.low; e <= s.high; e++ {
		list = append(list, math.Pow(10, e))
	}
	return list
}

// tick writes a power of ten.
func tick(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%g", v)
}

// cut shortens a label to what fits beside the bars.
func cut(label string) string {
	const most = 26
	letters := []rune(label)
	if len(letters) <= most {
		return label
	}
	return string(letters[:most-1]) + "…"
}

// draw draws the chart from 0, 0 on and gives its height.
func (c *chart) draw(w io.Writer) int {
	_, _ = fmt.Fprintf(w, "<text class=\"t\" x=\"8\" y=\"20\">%s</text>\n", html.EscapeString(c.title)) // into memory, here and below
	if len(c.bars) > 0 {
		return c.drawBars(w)
	}
	return c.drawCurves(w)
}

func (c *chart) drawBars(w io.Writer) int {
	var values []float64
	for _, b := range c.bars {
		values = append(values, b.stat.Median, b.stat.Low, b.stat.High, b.mark)
	}
	x := logScale(values, labelWidth, chartWidth-valueWidth)
	bottom := chartTop + len(c.bars)*barPitch
	for _, v := range x.ticks() {
		_, _ = fmt.Fprintf(w, "<line class=\"g\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/><text class=\"s\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			x.at(v), chartTop-6, x.at(v), bottom, x.at(v), chartTop-12, tick(v))
	}
	colour := make(map[Group]int)
	for i, b := range c.bars {
		if _, known := colour[b.group]; !known {
			colour[b.group] = len(colour) % colours
		}
		y := chartTop + i*barPitch
		middle := float64(y) + barHeight/2
		_, _ = fmt.Fprintf(w, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", labelWidth-8, y+barHeight-3, html.EscapeString(cut(b.label)))
		_, _ = fmt.Fprintf(w, "<rect class=\"c%d\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", colour[b.group], labelWidth, y, x.at(b.stat.Median)-labelWidth, barHeight)
		_, _ = fmt.Fprintf(w, "<path class=\"w\" d=\"M%.1f %.1fH%.1f\"/>", x.at(b.stat.Low), middle, x.at(b.stat.High))
		if b.mark > 0 {
			_, _ = fmt.Fprintf(w, "<path class=\"f\" d=\"M%.1f %dV%d\"/>", x.at(b.mark), y-2, y+barHeight+2)
		}
		_, _ = fmt.Fprintf(w, "<text class=\"s\" x=\"%.1f\" y=\"%d\">%s</text>\n", max(x.at(b.stat.High), x.at(b.mark))+6, y+barHeight-3, html.EscapeString(b.text))
	}
	return bottom + axisHeight
}

func (c *chart) drawCurves(w io.Writer) int {
	var values []float64
	for _, one := range c.curves {
		values = append(values, one.values...)
	}
	const left, right = 70, chartWidth - valueWidth
	bottom := float64(chartTop + curveHeight)
	y := logScale(values, bottom, chartTop)
	for _, v := range y.ticks() {
		_, _ = fmt.Fprintf(w, "<line class=\"g\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/><text class=\"s\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			left, y.at(v), right, y.at(v), left-6, y.at(v)+4, tick(v))
	}
	x := func(i int) float64 {
		return left + float64(i)*(right-left)/float64(max(len(c.at)-1, 1))
	}
	for i, at := range c.at {
		_, _ = fmt.Fprintf(w, "<text class=\"s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>", x(i), bottom+16, at)
	}
	_, _ = fmt.Fprintf(w, "<text class=\"s\" x=\"%d\" y=\"%.1f\">%s</text>\n", right+14, bottom+16, html.EscapeString(c.along))
	for i, one := range c.curves {
		var path strings.Builder
		last, lastX := 0.0, 0.0
		for j, v := range one.values {
			if !(v > 0) {
				continue
			}
			step := "L"
			if path.Len() == 0 {
				step = "M"
			}
			last, lastX = y.at(v), x(j)
			fmt.Fprintf(&path, "%s%.1f %.1f", step, lastX, last)
		}
		if path.Len() == 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "<path class=\"l c%d\" style=\"fill:none\" d=\"%s\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
			i%colours, path.String(), lastX+8, last+4, html.EscapeString(one.label))
	}
	return int(bottom) + axisHeight
}
